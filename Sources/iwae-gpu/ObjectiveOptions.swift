import Commands
import Experiments
import IWAE

/// Objectives as flags give them: names, or files of JSON.
enum ObjectiveOptions {
  /// The value of '--objectives' in help.
  static let placeholder = "names|files"

  /// The text of an objective: of a file that describes one, what it says.
  static func text(_ value: String) throws -> String {
    guard !Objective.names.contains(value), DescriptionFile.isMeant(by: value) else { return value }
    let choice: ObjectiveChoice = try DescriptionFile.read(value)
    return choice.text
  }

  /// The objectives of '--objectives', with commas between them.
  static func list(
    _ arguments: ParsedArguments, default standard: [ObjectiveChoice]
  ) throws -> [ObjectiveChoice] {
    let flag = "--objectives"
    let names = Objective.names.joined(separator: ", ")
    if let text = arguments.string(flag), DescriptionFile.isJSON(text) {
      throw arguments.error(
        "'\(flag)' takes names and files, because commas stand between its values. Put the JSON into "
          + "a file, and name that.")
    }
    return try arguments.list(
      flag, default: standard, expected: "some of \(names), or files of JSON"
    ) { value in
      let choice = try ObjectiveChoice(described: try text(value))
      return choice.objective() == nil ? nil : choice
    }
  }
}
