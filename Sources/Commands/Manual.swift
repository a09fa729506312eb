/// The commands of a program, as manual pages and reference pages show them.
public struct Manual: Sendable {
  public var program: String
  public var version: String
  public var abstract: String
  public var commands: [Command]
  /// The variables of the environment that the program heeds, and what they say.
  public var variables: [(name: String, help: String)]

  public init(
    program: String, version: String, abstract: String, commands: [Command],
    variables: [(name: String, help: String)]
  ) {
    (self.program, self.version, self.abstract) = (program, version, abstract)
    (self.commands, self.variables) = (commands, variables)
  }

  /// The help on all commands, wrapped to so many columns.
  public func help(columns: Int) -> String {
    """
    OVERVIEW: \(abstract)

    USAGE: \(program) <subcommand>

    OPTIONS:
    \(rows([("--version", "Show the version, and the OpenCL that is found."), ("-h, --help", "Show help information.")], columns: columns))

    SUBCOMMANDS:
    \(rows(commands.map { ($0.name, $0.abstract) }, columns: columns))

      See '\(program) help <subcommand>' for detailed help.
    """
  }

  /// The manual pages: a file's name, and what it holds for `man`.
  public var pages: [(file: String, text: String)] {
    [("\(program).1", overview)]
      + commands.map { ("\(program)-\($0.name).1", page(of: $0)) }
  }

  private var overview: String {
    var page = Roff(program, version: version)
    page.section("NAME", "\(program) - \(lowered(abstract))")
    page.section("SYNOPSIS")
    page.synopsis(program, "<subcommand> [options]")
    page.section("DESCRIPTION", abstract)
    page.section("COMMANDS")
    for command in commands { page.entry("\(program)-\(command.name)(1)", command.abstract) }
    page.section("EXIT STATUS")
    for code in ExitCode.allCases { page.entry("\(code.rawValue)", code.meaning) }
    page.section("ENVIRONMENT")
    for variable in variables { page.entry(variable.name, variable.help) }
    return page.text
  }

  private func page(of command: Command) -> String {
    var page = Roff("\(program)-\(command.name)", version: version)
    page.section("NAME", "\(program)-\(command.name) - \(lowered(command.abstract))")
    page.section("SYNOPSIS")
    page.synopsis(
      "\(program) \(command.name)",
      String(command.usage.dropFirst("\(program) \(command.name)".count)))
    page.section("DESCRIPTION", command.abstract)
    for action in command.actions { page.entry(action.name, action.abstract) }
    if !command.arguments.isEmpty {
      page.section("ARGUMENTS")
      for argument in command.arguments { page.entry(argument.spelling, argument.help) }
    }
    for (name, options) in command.groups {
      page.section(name.isEmpty ? "OPTIONS" : name.uppercased())
      for option in options { page.entry(option.spelling, option.help) }
      if name.isEmpty { page.entry("-h, --help", "Show help information.") }
    }
    if !command.examples.isEmpty {
      page.section("EXAMPLES")
      for example in command.examples { page.example(example.line, example.purpose) }
    }
    page.section("SEE ALSO", "\(program)(1)")
    return page.text
  }

  /// The reference pages: a file's name, and an article of DocC.
  public var articles: [(file: String, text: String)] {
    let links = commands.map { "- <doc:\(article($0))>" }.joined(separator: "\n")
    let statuses = ExitCode.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }
    let table = variables.map { "| `\($0.name)` | \(cell($0.help)) |" }
    let index = """
      # The command line

      \(abstract)

      ## Exit status

      | status | meaning |
      |---|---|
      \(statuses.joined(separator: "\n"))

      ## Environment

      | variable | meaning |
      |---|---|
      \(table.joined(separator: "\n"))

      ## Topics

      ### Commands

      \(links)

      """
    return [("CommandLine.md", index)]
      + commands.map { ("\(article($0)).md", reference(of: $0)) }
  }

  private func article(_ command: Command) -> String { "command-\(command.name)" }

  private func reference(of command: Command) -> String {
    var parts = ["# \(program) \(command.name)", command.abstract, "    \(command.usage)"]
    func table(_ heading: String, _ rows: [(String, String)]) {
      if rows.isEmpty { return }
      parts.append("## \(heading)")
      let lines = rows.map { "| \(code($0.0)) | \(cell($0.1)) |" }
      parts.append("| | |\n|---|---|\n" + lines.joined(separator: "\n"))
    }
    table("Actions", command.actions.map { ($0.name, $0.abstract) })
    table("Arguments", command.arguments.map { ($0.spelling, $0.help) })
    for (name, options) in command.groups {
      table(name.isEmpty ? "Options" : name, options.map { ($0.spelling, $0.help) })
    }
    if !command.examples.isEmpty {
      parts.append("## Examples")
      parts += command.examples.map { "\($0.purpose):\n\n    \($0.line)" }
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// A text within a table, whose bars end no cells, whose angles are no tags, and whose dashes stay two.
  private func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("<", with: "\\<").replacing("--", with: "\\-\\-")
  }

  /// The same between backticks, where only bars have a meaning.
  private func code(_ text: String) -> String { "`\(text.replacing("|", with: "\\|"))`" }

  /// A sentence as a name's line has it.
  private func lowered(_ text: String) -> String {
    let text = text.hasSuffix(".") ? String(text.dropLast()) : text
    let second = text.dropFirst().first
    return second?.isUppercase == true
      ? text : (text.first.map { $0.lowercased() } ?? "") + text.dropFirst()
  }
}
