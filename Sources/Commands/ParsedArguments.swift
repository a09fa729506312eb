import Experiments

/// The options of one invocation.
public struct ParsedArguments: Sendable {
  private let command: Command
  private var values: [String: String] = [:]
  private var flags: Set<String> = []
  private var places: [String] = []

  public init(_ arguments: [String], for command: Command) throws(UsageError) {
    self.command = command
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == Self.end { break }
      try parse(argument, &rest)
    }
    for place in rest { try add(place) }
    try checkAction()
  }

  /// Refuses work that the command does not do, and options of other kinds of it than the one that is
  /// named.
  private func checkAction() throws(UsageError) {
    guard !command.actions.isEmpty, let place = places.first else { return }
    let names = command.actions.map(\.name)
    guard let action = command.actions.first(where: { $0.name == place }) else {
      throw command.usageError(
        "Unexpected action '\(place)'.\(suggestion(for: place, among: names)) Please provide one of "
          + "\(names.map { "'\($0)'" }.joined(separator: ", ")).")
    }
    for other in command.actions where other.name != action.name {
      let foreign = given.intersection(other.options).subtracting(action.options)
      if let option = foreign.sorted().first {
        throw command.usageError(
          "'\(option)' is an option of '\(command.name) \(other.name)', and means nothing to '\(action.name)'."
        )
      }
    }
  }

  /// The word after which nothing is an option.
  public static let end = "--"

  private mutating func add(_ place: String) throws(UsageError) {
    guard places.count < command.arguments.count || command.arguments.last?.isRepeated == true
    else {
      throw command.usageError("Unexpected argument '\(place)'.")
    }
    places.append(place)
  }

  private mutating func parse(
    _ argument: String, _ rest: inout ArraySlice<String>
  ) throws(UsageError) {
    guard argument.hasPrefix("-"), argument.count > 1 else { return try add(argument) }
    let parts = Self.parts(argument, of: command)
    let name = String(parts[0])
    guard let option = command.options.first(where: { $0.names.contains(name) }) else {
      throw command.usageError(
        "Unknown option '\(name)'."
          + suggestion(
            for: name,
            among: command.options.filter { !$0.isHidden }.flatMap(\.names).filter {
              $0.hasPrefix("--")
            } + ["--help"]))
    }
    guard !flags.contains(option.name), values[option.name] == nil else {
      throw command.usageError("Option '\(option.name)' was given twice.")
    }
    guard let placeholder = option.placeholder else {
      guard parts.count == 1 else {
        throw command.usageError("The flag '\(name)' takes no value.")
      }
      if let negation = option.negation {
        values[option.name] = "\(name != negation)"
      } else {
        flags.insert(option.name)
      }
      return
    }
    guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
      throw command.usageError("Missing value for '\(option.name) <\(placeholder)>'.")
    }
    guard !value.isEmpty else {
      throw command.usageError(
        "The value of '\(option.name) <\(placeholder)>' is empty. Give one, or leave out '\(name)'."
      )
    }
    if value == "-", option.takesFile {
      throw command.usageError(
        "'\(option.name) -' would be a file called '-'. Name a file, or write './-' if you mean that."
      )
    }
    if let choices = option.choices, !choices.contains(value) {
      throw command.usageError(
        "The value '\(value)' is invalid for '\(option.name) <\(placeholder)>'."
          + suggestion(for: value, among: choices)
          + " Please provide one of \(choices.map { "'\($0)'" }.joined(separator: ", ")).")
    }
    values[option.name] = value
  }

  /// An option and its value, as `--samples=5` and `-k5` have them together.
  private static func parts(_ argument: String, of command: Command) -> [Substring] {
    let short = argument.prefix(2)
    if !argument.hasPrefix("--"), argument.count > 2, !argument.hasPrefix("\(short)="),
      command.options.contains(where: { $0.short == String(short) && $0.placeholder != nil })
    {
      return [short, argument.dropFirst(2)]
    }
    return argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  }

  /// True if a flag was given.
  public func has(_ flag: String) -> Bool { flags.contains(flag) }

  public func string(_ name: String) -> String? { values[name] }

  /// The same with another value of an option.
  public func replacing(_ name: String, with value: String) -> ParsedArguments {
    var result = self
    result.values[name] = value
    return result
  }

  /// The names of all options and flags that were given.
  public var given: Set<String> { flags.union(values.keys) }

  /// The arguments, and the values of options that take a file, but one.
  public func files(besides option: String) -> [String] {
    let others = command.options.filter { $0.takesFile && $0.name != option }
    return others.compactMap { values[$0.name] } + places
  }

  /// An option without which the command makes no sense.
  public func required(_ name: String) throws(UsageError) -> String {
    if let value = values[name] { return value }
    throw command.usageError("Missing expected argument '\(spelled(name))'.")
  }

  /// An option with its value's placeholder, as `--out <file>`.
  func spelled(_ name: String) -> String {
    let placeholder = command.options.first { $0.name == name }?.placeholder ?? "value"
    return "\(name) <\(placeholder)>"
  }

  /// The value at a named place; nil where nothing was given.
  public func optionalArgument(_ name: String) -> String? {
    let index = command.arguments.firstIndex { $0.name == name }
    return index.flatMap { $0 < places.count ? places[$0] : nil }
  }

  /// The value at a named place.
  public func argument(_ name: String) throws(UsageError) -> String { try arguments(name)[0] }

  /// The values of a repeated argument: one at least.
  public func arguments(_ name: String) throws(UsageError) -> [String] {
    guard let index = command.arguments.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("'\(command.name)' takes no argument '\(name)'")
    }
    let argument = command.arguments[index]
    guard index < places.count else {
      throw command.usageError("Missing expected argument '\(argument.spelling)'.")
    }
    return argument.isRepeated ? Array(places[index...]) : [places[index]]
  }

  /// A usage error of the command.
  public func error(_ message: String) -> UsageError { command.usageError(message) }
}
