extension Command {
  /// An option with a value, or a flag.
  public struct Option: Sendable {
    /// With its dashes, as `--backend`.
    public var name: String
    /// A short spelling with its dash, as `-k`.
    public var short: String?
    /// The value's name in the help; nil for a flag.
    public var placeholder: String?
    public var help: String
    /// The only values there are.
    public var choices: [String]?
    /// Some of the values, where there are others.
    public var examples: [String] = []
    /// The flag that says no, as `--no-standardize`; nil for a flag that is given or not.
    public var negation: String?
    /// True of what the program says to itself.
    public var isHidden: Bool
    /// The heading that help shows it under; empty for the first.
    public var group = ""

    public init(
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

    /// All spellings.
    public var names: [String] { [short, name, negation].compactMap(\.self) }

    var spelling: String {
      let names = names.joined(separator: ", ")
      return placeholder.map { "\(names) <\($0)>" } ?? names
    }

    /// True if the value may be a file or a folder.
    var takesFile: Bool {
      placeholder.map { $0.contains("file") || $0.contains("folder") } ?? false
    }

    /// The same under a heading of the help.
    public func grouped(_ group: String) -> Option {
      var result = self
      result.group = group
      return result
    }

    /// The same with other words, as where the default is another.
    public func helped(_ help: String) -> Option {
      var result = self
      result.help = help
      return result
    }
  }
}

extension [Command.Option] {
  /// The same under a heading of the help.
  public func grouped(_ group: String) -> [Command.Option] { map { $0.grouped(group) } }
}
