import Commands
import Experiments
import Files
import Foundation
import Testing

@testable import iwae_gpu

/// The words for what is wrong, and for what to do next.
@Suite struct MessageTests {
  private let densities: Densities

  /// A training that takes no time.
  private static let training = [
    "train", "--data", "linear-gaussian", "--layers", "6:2", "-k", "2", "--passes", "1",
    "--test-samples", "5", "--limit", "5",
  ]

  init() throws { densities = try Densities() }

  /// The system's own words, whatever is wrong with a file.
  @Test func filesAreRefusedInTheSystemsWords() throws {
    defer { densities.remove() }
    let file = try densities.write("file", "{}")
    let cases: [([String], String)] = [
      (["train", "--config", densities.path("none")], "No such file or directory"),
      (["train", "--config", densities.folder], "Is a directory"),
      (["train", "--config", "\(file)/below"], "Not a directory"),
      (["train", "--out", "\(file)/run", "--passes", "1"], "Not a directory"),
      (["evaluate", densities.path("none")], "No such file or directory"),
      (["evaluate", file], "expected"),
      (["report", densities.folder], "there is no run"),
      (
        [
          "gradient", densities.path("none"), "--data", file, "--noise", file, "--out",
          densities.path("gradient"),
        ],
        "No such file"
      ),
      (["export", densities.path("none"), "--onnx", "\(file)/below"], "No such file"),
      (["check", "--sources", "\(file)/below", "--filter", "sum("], "Not a directory"),
      (["data", "info", densities.path("none")], "neither a set nor a file"),
    ]
    for (arguments, words) in cases {
      let outcome = run(arguments)
      #expect(outcome.status != .done, "\(arguments)")
      #expect(outcome.error.contains(words), "\(arguments): \(outcome.error)")
      for foreign in ["NSCocoa", "NSPOSIX", "could not be completed", "couldn’t", "DecodingError"] {
        #expect(!outcome.error.contains(foreign), "\(arguments): \(outcome.error)")
      }
    }
  }

  /// As a shell hands over what a command prints.
  @Test func aPipeIsAConfiguration() throws {
    defer { densities.remove() }
    let pipe = densities.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    Thread.detachNewThread {
      try? Files.write(
        Data(#"{"passes": 1, "data": "linear-gaussian", "samples": 0}"#.utf8), to: pipe)
    }
    let outcome = run("train", "--config", pipe)
    #expect(
      outcome.error.contains("the field 'samples': expected a whole number"), "\(outcome.error)")
  }

  @Test func whatIsNoConfigurationIsSaid() throws {
    defer { densities.remove() }
    for (text, words) in [
      ("null", "expected an object"), ("[1]", "expected an object"), ("3", "expected an object"),
      (#"{"passes": "x"}"#, "the field 'passes' has the wrong type: expected a number"),
      (#"{"data": 3}"#, "the field 'data' has the wrong type: expected a text"),
      (
        #"{"standardize": 3}"#, "the field 'standardize' has the wrong type: expected true or false"
      ),
    ] {
      let outcome = run("train", "--config", try densities.write("config", text))
      #expect(outcome.status == .badInput && outcome.error.contains(words), "\(outcome.error)")
    }
  }

  /// 0x10 is sixteen to nobody who trains.
  @Test func numbersAreDecimal() throws {
    defer { densities.remove() }
    let train = Self.training + ["--out", densities.path("run"), "--overwrite", "--quiet"]
    let bounds = [
      "bounds", "linear-gaussian", "--data", "linear-gaussian", "--limit", "2", "-k", "2", "--out",
      densities.path("bounds.svg"), "--quiet",
    ]
    let cases: [(command: [String], option: String, value: String, decimal: String)] = [
      (train, "--learning-rate", "0x10", "1e-3"), (bounds, "--target-error", "0x1", "1"),
      (["plan"], "--beta", "0x1p-1", "0.5"), (["plan"], "--beta", "nan", "0.5"),
      (["plan"], "--prior", "mixture:0x10", "mixture:16"),
    ]
    for (command, option, value, decimal) in cases {
      let refused = run(command + [option, value])
      #expect(refused.status == .usage, "\(option) \(value)")
      #expect(
        refused.error.contains("The value '\(value)' is invalid for '\(option)"),
        "\(refused.error)")
      let taken = run(command + [option, decimal])
      #expect(taken.status == .done, "\(option) \(decimal): \(taken.error)")
    }
    #expect(Double(decimal: "-1.5e-3") == -1.5e-3 && Double(decimal: "0x1p3") == nil)
  }

  @Test func aFewBytesAreNotRoundedToNothing() {
    let outcome = run("bench", "--backend", "cpu", "--memory", "1000")
    #expect(outcome.error.contains("A step within 1000 bytes was asked for"), "\(outcome.error)")
  }

  /// After two dashes everything is a name.
  @Test func dashesEndOptions() throws {
    defer { densities.remove() }
    let none = run("evaluate", "--", "--help")
    #expect(none.status == .fileAccess && none.error.contains("'--help' could not be read"))
    #expect(run("evaluate", "--help").status == .done)
    #expect(run("plan", "--", "x").error.contains("Unexpected argument 'x'"))
  }

  /// What is to be typed next can be.
  @Test func hintsAreQuoted() throws {
    defer { densities.remove() }
    let out = densities.path("a run's")
    let outcome = run(Self.training + ["--out", out])
    #expect(outcome.status == .done, "\(outcome.error)")
    let quoted = "'\(densities.folder)/a run'\\''s'"
    #expect(outcome.output.contains("iwae-gpu look \(quoted)\n"), "\(outcome.output)")
    let again = run("train", "--out", out)
    #expect(again.error.contains("'--resume \(quoted)'"), "\(again.error)")
    #expect(quotedForShell("-x") == "./-x" && quotedForShell("") == "''")
    // On one line; and a quote is one whatever stands above it.
    #expect(quotedForShell("a\n'b\\") == "$'a\\n\\'b\\\\'")
    #expect(quotedForShell("'\u{301};") == "''\\''\u{301};'")
  }

  /// No name that a file bears commands the terminal, or passes for a message.
  @Test(arguments: ["\u{1b}[2J\u{1b}]0;x\u{7}", "\u{9b}31m", "\u{202e}gnp.exe", "a\rb"])
  func namesDoNotCommandTheTerminal(name: String) throws {
    defer { densities.remove() }
    let folder = densities.path(name)
    var outcomes = [
      run("train", "--data", folder), run("evaluate", folder), run("report", folder),
      run("plan", "--objective", name), run("train", "--likelihood", name), run(name),
      run("train", "--config", try densities.write("c", #"{"passes": 1, "\#(escaped(name))": 2}"#)),
      run("train", "--prior", #"{"family": "\#(escaped(name))"}"#),
    ]
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    outcomes.append(run("data", "info", folder))
    outcomes.append(run(Self.training + ["--out", "\(folder)/run"]))
    for outcome in outcomes {
      let text = outcome.output + outcome.error
      #expect(!text.isEmpty)
      for scalar in text.unicodeScalars where scalar != "\n" {
        #expect(
          scalar.properties.generalCategory != .control
            && !(0x202A...0x202E).contains(scalar.value),
          "\(text.debugDescription)")
      }
    }
  }

  private func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }

  /// Neither in what is wrong nor in what was done.
  @Test(arguments: ["x\nError: y", "x\r\nError: y"])
  func aNameOfSeveralLinesIsNoMessage(name: String) throws {
    defer { densities.remove() }
    let error = FormatError(file: name, problem: "no\nError: really")
    #expect(error.description == "\(onOneLine(name)): no\\nError: really")
    func check(_ outcome: Outcome, says words: String) {
      let text = outcome.output + "\n" + outcome.error
      let lines = text.split(whereSeparator: \.isNewline)
      let forged = lines.filter { $0.hasPrefix("Error: y") }
      #expect(forged.isEmpty && text.contains(words), "\(text)")
    }
    for arguments in [
      [name], ["plan", name], ["plan", "--objective", name], ["plan", "--\(name)"],
      ["train", "--data", name], ["train", "--likelihood", name], ["train", "--config", name],
      ["report", name], ["evaluate", name], ["data", "info", name], ["data", "fetch", name],
      ["bench", "--device", name],
    ] {
      let outcome = run(arguments)
      #expect(outcome.status != .done, "\(arguments)")
      check(outcome, says: onOneLine(name))
    }
    let folder = densities.path(name)
    let shown = onOneLine(folder)
    let trained = run(Self.training + ["--out", folder])
    #expect(trained.status == .done, "\(trained.error)")
    check(trained, says: "Run folder: \(shown)")
    check(trained, says: "In \(shown): config.json")
    check(trained, says: "iwae-gpu look $'\(shown)'")
    check(run(Self.training + ["--out", folder]), says: "There is a run in '\(shown)'")
    check(run("report", folder), says: "in \(shown)/report.html")
    try FileCalls.makeFolder("\(folder) too")
    check(run("report", folder, "\(folder) too"), says: "Note: '\(shown) too' is left out")
    check(run("sample", folder, "--count", "4", "--out", "\(folder).png"), says: "in \(shown).png")
  }

  /// Two names that are no text would be one.
  @Test func namesThatAreNotUTF8AreRefused() throws {
    defer { densities.remove() }
    let tests = try #require(Bundle.main.executableURL)
    let program = tests.deletingLastPathComponent().appending(path: "iwae-gpu").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "exec \"$0\" train --out \"$(printf '%s/\\377' \"$1\")\"", program, densities.folder,
    ]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == ExitCode.usage.rawValue)
    #expect(text.contains("Argument 3 is not UTF-8"), "\(text)")
    #expect(try FileCalls.names(in: densities.folder).isEmpty)
  }
}
