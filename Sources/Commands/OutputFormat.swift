import Experiments

/// The form in which a command prints its result.
public enum OutputFormat: String, CaseIterable {
  case text, json, csv, latex, markdown

  /// The options of a command whose result is a table.
  public static let options = [
    Command.Option(
      "--format", "format", choices: allCases.map(\.rawValue),
      help: "text, json, csv, latex (booktabs) or markdown; all but text print nothing else. "
        + "(default: text)"),
    Command.Option("--json", help: "Print one JSON object, as '--format json'."),
  ]

  public init(_ arguments: ParsedArguments) throws(UsageError) {
    let isJSON = arguments.has("--json")
    let named = arguments.string("--format").flatMap(Self.init)
    if let named, isJSON, named != .json {
      throw arguments.error(
        "'--json' is '--format json' and not '--format \(named)'; leave one out.")
    }
    self = named ?? (isJSON ? .json : .text)
  }
}

extension ResultTable {
  /// The table without the end of its last line; nil for formats that show more than a table.
  public func printed(as format: OutputFormat) -> String? {
    switch format {
    case .text, .json: return nil
    case .csv:
      var lines = csv.unicodeScalars
      // By scalars: a carriage return and a line feed are one Character.
      if lines.last == "\n" { lines.removeLast() }
      return String(lines)
    case .latex: return latex
    case .markdown: return markdown
    }
  }
}
