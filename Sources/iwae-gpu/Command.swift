/// A subcommand: its name, its arguments and options, and its work.
struct Command: Sendable {
  var name: String
  var abstract: String
  var arguments: [Argument] = []
  var options: [Option]
  /// True if several processes can divide its work.
  var isForRanks = false
  var run: @Sendable (ParsedArguments, Terminal) throws -> ExitCode

  /// A value without a name, known by its place.
  struct Argument: Sendable {
    var name: String
    /// True if it takes any number of values, but at least one; only the last may.
    var isRepeated: Bool
    var help: String
    var isOptional: Bool

    init(
      _ name: String, isOptional: Bool = false, isRepeated: Bool = false, help: String
    ) {
      self.name = name
      (self.isOptional, self.isRepeated) = (isOptional, isRepeated)
      self.help = help
    }

    /// As usage shows it.
    var spelling: String { isRepeated ? "<\(name)> ..." : "<\(name)>" }
  }

  /// An option with a value, or a flag.
  struct Option: Sendable {
    /// With its dashes, as `--backend`.
    var name: String
    /// A short spelling with its dash, as `-k`.
    var short: String?
    /// The value's name in the help; nil for a flag.
    var placeholder: String?
    var help: String
    /// The only values there are.
    var choices: [String]?
    /// The flag that says no, as `--no-standardize`; nil for a flag that is given or not.
    var negation: String?
    /// True of what the program says to itself.
    var isHidden: Bool

    init(
      _ name: String, short: String? = nil, _ placeholder: String? = nil, choices: [String]? = nil,
      negation: String? = nil, isHidden: Bool = false, help: String
    ) {
      self.name = name
      self.short = short
      self.placeholder = placeholder
      self.choices = choices
      self.negation = negation
      self.isHidden = isHidden
      self.help = help
    }

    var names: [String] { [short, name, negation].compactMap(\.self) }

    fileprivate var spelling: String {
      let names = names.joined(separator: ", ")
      return placeholder.map { "\(names) <\($0)>" } ?? names
    }
  }

  private var shown: [Option] { options.filter { !$0.isHidden } }

  var usage: String {
    let places = arguments.map { $0.isOptional ? "[\($0.spelling)]" : $0.spelling }
    let parts = shown.map { option in
      "[\(option.name)\(option.placeholder.map { " <\($0)>" } ?? "")]"
    }
    return (["iwae-gpu \(name)"] + places + parts).joined(separator: " ")
  }

  var help: String {
    let rows =
      shown.map { ($0.spelling, $0.help) } + [("-h, --help", "Show help information.")]
    let places =
      arguments.isEmpty
      ? "" : "ARGUMENTS:\n\(columns(arguments.map { ($0.spelling, $0.help) }))\n\n"
    return """
      OVERVIEW: \(abstract)

      USAGE: \(usage)

      \(places)OPTIONS:
      \(columns(rows))
      """
  }

  func usageError(_ message: String) -> UsageError {
    UsageError(
      message,
      usage: "Usage: \(usage)\n  See 'iwae-gpu \(name) --help' for more information.")
  }
}

/// A command line that makes no sense: exits 64 and shows the usage.
struct UsageError: Error {
  var message: String
  var usage: String

  init(_ message: String, usage: String) {
    self.message = message
    self.usage = usage
  }
}

/// Anything else that stops a command.
struct CommandError: Error, CustomStringConvertible {
  var message: String
  var code: ExitCode

  var description: String { message }
}

/// Two columns, as help shows them.
func columns(_ rows: [(String, String)]) -> String {
  rows.map { left, right in
    let padded = "  " + left
    return padded.count < 26
      ? padded + String(repeating: " ", count: 26 - padded.count) + right
      : padded + "\n" + String(repeating: " ", count: 26) + right
  }.joined(separator: "\n")
}
