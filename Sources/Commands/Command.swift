import Experiments

/// A subcommand: its name, its arguments and options, and its work.
///
/// Parsing, help, completions and manual pages all follow from this one description.
public struct Command: Sendable {
  public var name: String
  public var abstract: String
  public var arguments: [Argument]
  /// The kinds of its work, one of which its first argument names; empty where there is one.
  public var actions: [Action]
  public var options: [Option]
  public var examples: [Example]
  /// True if several processes can divide its work.
  public var isForRanks: Bool
  public var run: @Sendable (ParsedArguments, Terminal) throws -> ExitCode

  public init(
    name: String, abstract: String, arguments: [Argument] = [], actions: [Action] = [],
    options: [Option], examples: [Example] = [], isForRanks: Bool = false,
    run: @escaping @Sendable (ParsedArguments, Terminal) throws -> ExitCode
  ) {
    (self.name, self.abstract) = (name, abstract)
    (self.arguments, self.actions, self.options) = (arguments, actions, options)
    (self.examples, self.isForRanks, self.run) = (examples, isForRanks, run)
  }

  /// A value without a name, known by its place.
  public struct Argument: Sendable {
    public var name: String
    /// True if it takes any number of values, but at least one; only the last may.
    public var isRepeated: Bool
    public var help: String
    public var isOptional: Bool
    /// The only values there are; nil for files and folders.
    public var choices: [String]?

    public init(
      _ name: String, isOptional: Bool = false, isRepeated: Bool = false,
      choices: [String]? = nil, help: String
    ) {
      (self.name, self.choices) = (name, choices)
      (self.isOptional, self.isRepeated) = (isOptional, isRepeated)
      self.help = help
    }

    /// As usage shows it.
    var spelling: String { isRepeated ? "<\(name)> ..." : "<\(name)>" }
  }

  /// Work of a command that does several kinds.
  public struct Action: Sendable {
    public var name: String
    public var abstract: String
    /// The names of the options that it takes, besides those that all take.
    public var options: Set<String>

    public init(_ name: String, options: Set<String> = [], help: String) {
      (self.name, self.options) = (name, options)
      abstract = help
    }
  }

  /// A command line, and what it is for.
  public struct Example: Sendable {
    /// As it is typed, from the program's name on.
    public var line: String
    public var purpose: String

    public init(_ line: String, _ purpose: String) { (self.line, self.purpose) = (line, purpose) }
  }

  /// Options that the help shows apart from each other's groups.
  public var groups: [(name: String, options: [Option])] {
    var result: [(name: String, options: [Option])] = []
    for option in options where !option.isHidden {
      if let index = result.firstIndex(where: { $0.name == option.group }) {
        result[index].options.append(option)
      } else {
        result.append((option.group, [option]))
      }
    }
    return result.sorted { $0.name.isEmpty && !$1.name.isEmpty }
  }

  /// A usage error of the command.
  public func usageError(_ message: String) -> UsageError {
    UsageError(message, usage: "Usage: \(usage)\n  See 'iwae-gpu help \(name)'.")
  }
}

/// A command line that makes no sense: exits 64 and shows the usage.
public struct UsageError: Error {
  public var message: String
  public var usage: String

  public init(_ message: String, usage: String) {
    self.message = message
    self.usage = usage
  }
}

/// Anything else that stops a command.
public struct CommandError: Error, CustomStringConvertible {
  public var message: String
  public var code: ExitCode

  public init(message: String, code: ExitCode) {
    (self.message, self.code) = (message, code)
  }

  public var description: String { message }
}
