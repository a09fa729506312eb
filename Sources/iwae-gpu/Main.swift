import Commands
import Datasets
import Experiments
import Files
import Foundation

@main
struct Main {
  /// Every subcommand, in the order in which the help lists them.
  static let commands: [Command] = [
    .train,
    .evaluate,
    .referee,
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
    .cache,
    .completions,
    .manual,
  ]

  static func main() {
    _ = ProcessStart.elapsedMilliseconds
    // Where nobody listens any more, words are lost and not work.
    signal(SIGPIPE, SIG_IGN)
    if let index = CommandLine.firstThatIsNoText {
      Terminal.standard.fail("Error: Argument \(index) is not UTF-8. Rename the file or folder.")
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
        "Error: \(onOneLine(error.message))\n\(error.usage)", ExitCode.usage.rawValue,
        isSameForAll: !arguments.contains { $0.hasPrefix("--shard") },
        terminal.fail)
      return .usage
    } catch {
      let code = ExitCode(of: error)
      Launch.fail(
        "Error: \(wording(of: error))", code.rawValue, isSameForAll: error is LaunchError,
        terminal.fail)
      return code
    }
  }

  private static func dispatch(_ arguments: [String], _ terminal: Terminal) throws -> ExitCode {
    guard let name = arguments.first, !["-h", "--help", "help"].contains(name) else {
      try terminal.help(
        try help(on: arguments.first == "help" ? Array(arguments.dropFirst()) : [], terminal))
      return .done
    }
    if name == "--version" {
      // A driver that fails when it is asked leaves the rest said.
      try refuse(arguments.dropFirst())
      try terminal.output(Version.build)
      try terminal.output(Version.runtimes)
      return .done
    }
    let command = try find(name)
    let rest = Array(arguments.dropFirst())
    if rest.prefix(while: { $0 != ParsedArguments.end }).contains(where: ["-h", "--help"].contains)
    {
      try terminal.help(try help(on: [name] + rest.prefix(1), terminal))
      return .done
    }
    do {
      let parsed = try ParsedArguments(rest, for: command)
      try DataOptions.checkLimit()
      try ProcessNeeds.check()
      // Jobs that know nothing of each other may be started together.
      if parsed.string("--shard") == nil {
        try Launch.join(canDivide: command.isForRanks, arguments)
      }
      let reading = ReadingLine(parsed, terminal)
      defer { reading.clear() }
      return try Reading.observed(by: reading.show) { try command.run(parsed, terminal) }
    } catch let error as ConfigurationError {
      throw command.usageError(error.description)
    }
  }

  private static func find(_ name: String) throws(UsageError) -> Command {
    if let command = commands.first(where: { $0.name == name }) { return command }
    let isOption = name.hasPrefix("-")
    throw UsageError(
      (isOption ? "Unknown option '\(name)'." : "Unexpected argument '\(name)'.")
        + suggestion(
          for: name, among: isOption ? ["--version", "--help"] : commands.map(\.name)),
      usage: "Usage: iwae-gpu <subcommand>\n  See 'iwae-gpu help'.")
  }

  /// The help on a command, and on one kind of its work if such a one is named; on all without a topic.
  private static func help(on topics: [String], _ terminal: Terminal) throws -> String {
    guard let name = topics.first else { return manual.help(columns: terminal.columns) }
    let command = try find(name)
    let action = topics.dropFirst().first { topic in command.actions.contains { $0.name == topic } }
    return command.help(columns: terminal.columns, action: action)
  }

  /// Refuses words that mean nothing.
  private static func refuse(_ surplus: ArraySlice<String>) throws(UsageError) {
    guard let word = surplus.first else { return }
    throw UsageError(
      "Unexpected argument '\(word)'.",
      usage: "Usage: iwae-gpu <subcommand>\n  See 'iwae-gpu help'.")
  }

  static let manual = Manual(
    program: "iwae-gpu", version: "iwae-gpu \(Version.number)",
    abstract: "Importance-weighted autoencoders on any OpenCL device.", commands: commands,
    variables: [
      ("IWAE_GPU_DATA", "A folder of data sets, one folder for each, beside the one in the cache."),
      (Files.limitVariable, "The most that an array of a file may take, as 8G."),
      (
        "XDG_CACHE_HOME",
        "The folder of caches: kernels, tunings and downloads are below iwae-gpu in it."
      ),
      ("XDG_STATE_HOME", "The folder of the secret with which cached kernels are signed."),
      ("NO_COLOR", "If it is not empty, nothing stands out by colour or weight."),
    ])
}
