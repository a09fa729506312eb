import Commands
import Experiments
import Files
import Foundation
import Testing

@testable import iwae_gpu

/// What follows from the table of commands.
@Suite struct HelpTests {
  @Test(arguments: [80, 110]) func helpKeepsToTheTerminal(columns: Int) {
    for text in Main.commands.map({ $0.help(columns: columns) }) + [
      Main.manual.help(columns: columns)
    ] {
      for line in text.split(separator: "\n") where !line.hasPrefix("  iwae-gpu ") {
        #expect(line.count <= columns, "\(line)")
      }
    }
  }

  /// The program's version is the last one that was released, or comes after it; what was released is
  /// what CITATION.cff cites, and left run folders.
  @Test func filesAgreeOnTheVersion() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOf: root.appending(path: name), encoding: .utf8).split(separator: "\n")
    }
    let released = try #require(
      lines("CHANGELOG.md").compactMap { $0.firstMatch(of: /^## \[([0-9.]+)\] - ([0-9-]+)$/) }.first
    )
    let citation = try lines("CITATION.cff")
    #expect(citation.contains("version: \(released.1)"))
    #expect(citation.contains("date-released: '\(released.2)'"))
    #expect(
      RunFolder.isFolder(
        root.appending(path: "Tests/ExperimentsTests/Fixtures/versions/\(released.1)").path))
    func numbers(_ text: Substring) -> [Int] { text.split(separator: ".").compactMap { Int($0) } }
    let own = Version.number.split(separator: "-")
    let isLater = numbers(released.1).lexicographicallyPrecedes(numbers(own[0]))
    #expect(own.count == 1 ? own[0] == released.1 : isLater && own[1] == "dev")
  }

  /// Each command shows how it is used, with options that there are.
  @Test func examplesAreUnderstood() throws {
    for command in Main.commands {
      #expect(!command.examples.isEmpty, "\(command.name)")
      for example in command.examples {
        let words = example.line.split(separator: ">")[0].split(separator: " ").map(String.init)
        #expect(words.prefix(2) == ["iwae-gpu", command.name], "\(example.line)")
        let parsed = try ParsedArguments(Array(words.dropFirst(2)), for: command)
        if let argument = command.arguments.first, !argument.isOptional {
          #expect(try !parsed.argument(argument.name).isEmpty)
        }
      }
    }
  }

  /// What is clipped depends on another setting.
  @Test func clippingSaysWhatItClips() throws {
    let train = try #require(Main.commands.first { $0.name == "train" })
    let help = train.help(columns: 1000).split(separator: "\n")
    let clip = try #require(help.first { $0.contains("--clip-norm") })
    #expect(clip.contains("with '--optimizer released' of the sum over it"), "\(clip)")
  }

  @Test func optionsStandUnderHeadings() {
    let help = run("train", "--help").output
    for heading in ["DATA:", "MODEL:", "OBJECTIVE:", "COURSE OF TRAINING:", "DEVICE:"] {
      #expect(help.contains("\n\n\(heading)\n"), "\(heading)")
    }
    #expect(help.contains("Samples K of each group. (default: 50)"))
    #expect(!run("evaluate", "--help").output.contains("(default: strokes)"))
  }

  @Test func anActionHasHelpOfItsOwn() {
    let help = run("help", "data", "fetch").output
    #expect(help.hasPrefix("OVERVIEW: Download the files") && help.contains("data fetch mnist"))
    #expect(!help.contains("--part") && run("help", "data", "preview").output.contains("--part"))
    #expect(run("data", "fetch", "--help").output == help)
  }

  @Test func errorsAreShort() {
    let outcome = run("train", "--epochs", "3")
    #expect(outcome.error.split(separator: "\n").count == 3, "\(outcome.error)")
    #expect(run("train", "--obj", "iwae").error.contains("Did you mean '--objective'?"))
    #expect(run("--versoin").error.contains("Did you mean '--version'?"))
    #expect(run("hlep").status == .usage)
  }

  @Test func aShortOptionTakesItsValueAtOnce() {
    #expect(run("plan", "-k7", "--batch", "1").output == run("plan", "-k", "7", "--batch=1").output)
    #expect(run("plan", "-k=7").error.isEmpty)
    #expect(run("plan", "-kx").error.contains("The value 'x' is invalid for '--samples'"))
    #expect(run("plan", "-q2").error.contains("Unknown option"))
  }

  @Test(arguments: Completions.shells) func completionsKnowEveryOption(shell: String) throws {
    let script = run("completions", shell).output
    let lines = script.split(separator: "\n").map(String.init)
    for command in Main.commands {
      // The lines that are about this command alone.
      let own: ArraySlice<String>
      switch shell {
      case "bash": own = lines[...].filter { $0.contains(" \(command.name)) _words ") }[...]
      case "fish":
        own =
          lines[...].filter { $0.contains("'__fish_seen_subcommand_from \(command.name)'") }[...]
      default:
        let start = try #require(lines.firstIndex(of: "  \(command.name))"))
        own = lines[start...].prefix { $0 != "    ;;" }
      }
      for option in command.options where !option.isHidden {
        let name = shell == "fish" ? "-l \(option.name.dropFirst(2)) " : option.name
        let isKnown = own.contains { line in
          shell == "bash"
            ? line.split(whereSeparator: { " \"".contains($0) }).contains(Substring(name))
            : line.contains(shell == "zsh" ? ")\(name)" : name)
        }
        #expect(isKnown, "\(command.name) \(option.name)")
      }
    }
    #expect(!script.contains("--parameters"))
    #expect(run("completions", "zhs").error.contains("Did you mean 'zsh'?"))
  }

  @Test func thereIsAPageForEveryCommand() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run("manual", "--out", folder).status == .done)
    #expect(run("manual", "--format", "markdown", "--out", folder).status == .done)
    let names = Set(try FileCalls.names(in: folder))
    #expect(names.count == 2 * Main.commands.count + 2)
    for command in Main.commands {
      let page = try String(contentsOfFile: "\(folder)/iwae-gpu-\(command.name).1", encoding: .utf8)
      let article = try String(
        contentsOfFile: "\(folder)/command-\(command.name).md", encoding: .utf8)
      for option in command.options where !option.isHidden {
        #expect(page.contains(option.name.replacing("-", with: "\\-")), "\(option.name)")
        #expect(article.contains(option.name), "\(option.name)")
      }
    }
  }

  @Test func headingsStandOutWhereTheyAreLookedAt() throws {
    nonisolated(unsafe) var shown: [String] = []
    var terminal = Terminal(output: { shown.append($0) }, error: { shown.append($0) })
    try terminal.help("USAGE: a \u{1b}[2J")
    terminal.fail("Error: no")
    (terminal.hasStyle, terminal.hasErrorStyle) = (true, true)
    try terminal.help("USAGE: a\n\nDATA:\n  --data: b\u{1b}[2J")
    terminal.fail("Error: no\u{7}")
    #expect(
      shown == [
        "USAGE: a \\u001b[2J", "Error: no",
        "\u{1b}[1mUSAGE:\u{1b}[0m a\n\n\u{1b}[1mDATA:\u{1b}[0m\n  --data: b\\u001b[2J",
        "\u{1b}[1;31mError:\u{1b}[0m no\\u0007",
      ])
  }
}

/// What is kept between runs of the program.
@Suite(.serialized) struct CacheCommandTests {
  @Test func whatIsKeptIsListed() throws {
    struct Report: Decodable {
      struct Row: Decodable {
        var kind: String
        var files: Int
        var bytes: Int
      }
      var kept: [Row]
    }
    let outcome = run("cache", "list", "--json")
    #expect(outcome.status == .done, "\(outcome.error)")
    let report = try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.kept.map(\.kind) == ["kernels", "tunings", "data"])
    #expect(run("cache", "list").output.contains("compiled kernels"))
  }

  @Test func whatMakesNoSenseIsRefused() {
    #expect(run("cache").error.contains("Missing expected argument '<action>'"))
    #expect(run("cache", "clear").error.contains("Missing expected argument"))
    #expect(run("cache", "claer").error.contains("Did you mean 'clear'?"))
    #expect(run("cache", "clear", "kernel").error.contains("Did you mean 'kernels'?"))
    #expect(run("cache", "list", "kernels").status == .usage)
  }
}
