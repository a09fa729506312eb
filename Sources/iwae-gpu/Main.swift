import Experiments
import Foundation

@main
struct Main {
  /// Every subcommand, in the order in which the help lists them.
  static let commands: [Command] = [
    .train,
    .evaluate,
    .gradient,
    .sample,
    .reconstruct,
    .look,
    .bounds,
    .sandwich,
    .snr,
    .sweep,
    .reproduce,
    .report,
    .plan,
    .devices,
    .check,
    .bench,
    .tune,
    .data,
    .export,
    .impute,
  ]

  static func main() {
    _ = ProcessStart.elapsedMilliseconds
    // Where nobody listens any more, words are lost and not work.
    signal(SIGPIPE, SIG_IGN)
    if let index = CommandLine.firstThatIsNoText {
      Terminal.standard.error("Error: Argument \(index) is not UTF-8. Rename the file or folder.")
      exit(ExitCode.usage.rawValue)
    }
    let code = run(Array(CommandLine.arguments.dropFirst()))
    Launch.end(code.rawValue)
    exit(code.rawValue)
  }

  /// Runs the program and returns its exit status.
  static func run(_ arguments: [String], terminal: Terminal = .standard) -> ExitCode {
    do {
      return try dispatch(arguments, terminal)
    } catch let error as UsageError {
      Launch.fail(
        "Error: \(error.message)\n\(error.usage)", ExitCode.usage.rawValue,
        isSameForAll: !arguments.contains { $0.hasPrefix("--shard") },
        terminal.error)
      return .usage
    } catch {
      let code = ExitCode(of: error)
      Launch.fail(
        "Error: \(error)", code.rawValue, isSameForAll: error is LaunchError, terminal.error)
      return code
    }
  }

  private static func dispatch(_ arguments: [String], _ terminal: Terminal) throws -> ExitCode {
    guard let name = arguments.first, !["-h", "--help", "help"].contains(name) else {
      if let topic = arguments.dropFirst().first, arguments.first == "help" {
        try terminal.output(try find(topic).help)
      } else {
        try terminal.output(help)
      }
      return .done
    }
    if name == "--version" {
      try terminal.output(version)
      return .done
    }
    let command = try find(name)
    let rest = Array(arguments.dropFirst())
    if rest.prefix(while: { $0 != ParsedArguments.end }).contains(where: ["-h", "--help"].contains)
    {
      try terminal.output(command.help)
      return .done
    }
    do {
      let parsed = try ParsedArguments(rest, for: command)
      // Jobs that know nothing of each other may be started together.
      if parsed.string("--shard") == nil {
        try Launch.join(canDivide: command.isForRanks, arguments)
      }
      return try command.run(parsed, terminal)
    } catch let error as ConfigurationError {
      throw command.usageError(error.description)
    }
  }

  private static func find(_ name: String) throws(UsageError) -> Command {
    if let command = commands.first(where: { $0.name == name }) { return command }
    throw UsageError(
      "Unexpected argument '\(name)'." + suggestion(for: name, among: commands.map(\.name)),
      usage: "Usage: iwae-gpu <subcommand>\n  See 'iwae-gpu --help' for more information.")
  }

  static let version = "0.1.0"

  static var help: String {
    """
    OVERVIEW: Importance-weighted autoencoders on any OpenCL device.

    USAGE: iwae-gpu <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
    \(columns(commands.map { ($0.name, $0.abstract) }))

      See 'iwae-gpu help <subcommand>' for detailed help.
    """
  }
}
