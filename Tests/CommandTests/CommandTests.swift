import Commands
import Foundation
import Testing

@testable import iwae_gpu

/// What a run of the program printed, and its exit status.
struct Outcome {
  var status: ExitCode
  var output: String
  var error: String
}

/// Runs the program within the test's process.
func run(_ arguments: String...) -> Outcome { run(arguments) }

func run(_ arguments: [String]) -> Outcome {
  final class Log: @unchecked Sendable {
    var output: [String] = []
    var error: [String] = []
  }
  let log = Log()
  let terminal = Terminal(
    output: { log.output.append($0) }, error: { log.error.append($0) })
  let status = Main.run(arguments, terminal: terminal)
  return Outcome(
    status: status, output: log.output.joined(separator: "\n"),
    error: log.error.joined(separator: "\n"))
}

/// A decoder of what `--json` prints.
var decoder: JSONDecoder {
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return decoder
}

@Suite struct UsageTests {
  /// Every line of the README that calls the program has options that there are.
  @Test func theReadmesCommandsAreUnderstood() throws {
    let readme = try String(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../README.md"), encoding: .utf8)
    let lines = readme.split(separator: "\n").filter { $0.hasPrefix("    iwae-gpu ") }
    #expect(lines.count > 20)
    for line in lines {
      let words = line.split(separator: "#")[0].split(separator: " ").map(String.init)
      let command = try #require(Main.commands.first { $0.name == words[1] }, "\(line)")
      _ = try ParsedArguments(Array(words.dropFirst(2)), for: command)
    }
  }

  @Test func wrongUsageExits64AndSaysWhatWasMeant() {
    let unknown = run("chekc")
    #expect(unknown.status == .usage && unknown.output.isEmpty)
    #expect(unknown.error.hasPrefix("Error: Unexpected argument 'chekc'. Did you mean 'check'?"))
    let option = run("plan", "--objectve", "iwae")
    #expect(option.status == .usage)
    #expect(option.error.contains("Unknown option '--objectve'. Did you mean '--objective'?"))
    let value = run("plan", "--objective", "iwea")
    #expect(value.error.contains("'iwea' is invalid for '--objective': expected one of elbo"))
    #expect(value.error.contains("Did you mean 'iwae'?"))
    #expect(run("plan", "-k", "0").error.contains("expected a whole number from 1"))
    #expect(run("plan", "-k", "five").status == .usage)
    #expect(run("plan", "-k").error.contains("Missing value for '--samples <count>'"))
    #expect(run("plan", "-k", "5", "-k", "6").error.contains("given twice"))
    #expect(run("plan", "extra").error.contains("Unexpected argument 'extra'"))
    #expect(run("plan", "--json=yes").error.contains("takes no value"))
    #expect(run("plan", "--beta", "2").error.contains("from 0.0 to 1.0"))
    #expect(run("plan", "--beta", "nan").status == .usage)
    #expect(run("plan", "--layers", "200,x:50").error.contains("found '200,x:50'"))
    #expect(run("plan", "--layers", "200:0").error.contains("every size"))
    #expect(run("plan", "--layers", "2:1", "--model", "burda-1").status == .usage)
    #expect(run("check", "--backend", "cuda").status == .usage)
    #expect(run("check", "--backend", "cpu", "--device", "0").status == .usage)
    #expect(run("plan", "--batch", "1048576", "-k", "1048576").error.contains("Expected at most"))
    let huge = run(
      "plan", "--data-size", "1048576", "--layers", "1048576:1", "--batch", "1048576", "-k", "4")
    #expect(huge.status == .done)
    #expect(
      run("plan", "--objective", "renyi", "--alpha", "0.99999").error.contains("too close to 1"))
    #expect(run("plan", "--objective", "elbo", "--estimator", "dreg").status == .usage)
  }

  @Test func helpIsWhole() {
    #expect(
      run("devices", "--help").output == """
        OVERVIEW: List every OpenCL device and try each one out, in processes of their
          own.

        USAGE: iwae-gpu devices [--limit <seconds>] [--json]

        OPTIONS:
          --limit <seconds>       How long a driver may take. (default: 120)
          --json                  Print one JSON object.
          -h, --help              Show help information.

        EXAMPLES:
          # List the devices that can be used, and why others cannot
          iwae-gpu devices
        """)
    let help = run("--help").output
    for command in Main.commands { #expect(help.contains("  \(command.name) ")) }
    #expect(run().output == help && run("help").output == help)
    #expect(run("help", "plan").output == run("plan", "-h").output)
    let version = run("--version").output
    #expect(
      version.hasPrefix("iwae-gpu \(Version.number) (commit ") && version.contains("\nOpenCL: "))
  }
}

@Suite struct PlanCommandTests {
  private struct Report: Decodable {
    struct Memory: Decodable {
      var parameters: Int
      var temporaries: Int
      var temporariesUnshared: Int
    }

    struct Operation: Decodable {
      var kind: String
      var flops: Double
    }

    var operations: [Operation]
    var flops: Double
    var memory: Memory
  }

  @Test func planListsAStep() throws {
    let text = run("plan", "--batch", "20", "-k", "50")
    #expect(text.status == .done && text.error.isEmpty)
    #expect(text.output.contains("decoder.0.logits [1000, 784]"))
    let outcome = run("plan", "--batch", "20", "-k", "50", "--json")
    let report = try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    // 157,000 + 40,200 + 2 x 10,050 + 10,200 + 40,200 + 157,584 numbers of four bytes.
    #expect(report.memory.parameters == 4 * 425_284)
    #expect(report.operations.first?.kind == "gather" && report.operations.last?.kind == "adam")
    // The products alone: 1.26 GFLOP.
    #expect(report.flops > 1_255_000_000 && report.flops < 1_300_000_000)
    #expect(report.memory.temporaries < report.memory.temporariesUnshared)
    #expect(report.flops == report.operations.reduce(0) { $0 + $1.flops })
  }

  @Test func aModelOfOnesOwn() {
    let outcome = run(
      "plan", "--layers", "30,20:5/10:2", "--data-size", "9", "--likelihood", "gaussian",
      "--activation", "relu", "--objective", "piwae", "-m", "2", "-k", "3", "--batch", "1")
    #expect(outcome.status == .done)
    #expect(outcome.output.contains("decoder.1.log_sigma [6, 9]"))
  }
}

@Suite struct CheckCommandTests {
  private struct Report: Decodable {
    struct Worst: Decodable {
      var name: String
      var error: Double
    }

    var cases: Int
    var failures: Int
    var skipped: Int
    var worst: Worst
  }

  @Test func checkReportsAsJSON() throws {
    let outcome = run(
      "check", "--backend", "opencl", "--json", "--quiet", "--filter", "estimate(all", "--kernels",
      "panels")
    #expect(outcome.status == .done && outcome.error.isEmpty)
    let report = try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.cases >= 10 && report.failures == 0 && report.skipped == 0)
    #expect(report.worst.name.hasPrefix("estimate(all"))
    #expect(report.worst.error >= 0)
  }

  @Test func theReferenceIsCheckedByDifferences() {
    let outcome = run("check", "--backend", "cpu", "--filter", "differences(estimate")
    #expect(outcome.status == .done && outcome.output.contains("9 cases, 0 failures"))
  }

  @Test func aCheckThatRanNothingFails() {
    let outcome = run("check", "--backend", "opencl", "--filter", "no such case")
    #expect(outcome.status == .failed && outcome.error.contains("No case ran"))
  }

  /// Each file of kernels says with which options it is compiled.
  @Test func kernelsAreWrittenIntoAFolder() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run("check", "--filter", "map(bernoulli", "--sources", folder).status == .done)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files == ["peak.cl", "walk.cl"])
    let maps = try String(contentsOfFile: "\(folder)/walk.cl", encoding: .utf8)
    #expect(maps.hasPrefix("// -DTILES ") && maps.contains("case 0: run_map_0("))
  }

  /// Those of whole runs, with the constants of devices that have little room.
  @Test func kernelsOfRunsAreWrittenWithAnyTuning() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let options = ["check", "--filter", "run-burda-1", "--tuning", "1"]
    #expect(run(options + ["--sources", folder]).status == .done)
    let walk = "walk-run-burda-1-training.cl"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(Set(files) == [walk, "walk-run-burda-1-evaluation.cl", "sums.cl", "peak.cl"])
    let text = try String(contentsOfFile: "\(folder)/\(walk)", encoding: .utf8)
    #expect(text.hasPrefix("// -DTILES -DGROUP_SIZE=32 "))
    let alone = run(options)
    #expect(alone.status == .usage && alone.error.contains("'--sources' writes"))
    let none = run("check", "--tuning", "3", "--sources", folder)
    #expect(none.status == .usage && none.error.contains("from 0 to 2"))
    let small = "\(folder)/small"
    #expect(run("check", "--largest", "10", "--sources", small).status == .done)
    let names = try FileManager.default.contentsOfDirectory(atPath: small)
    #expect(names.contains("walk.cl") && !names.contains { $0.hasPrefix("walk-run") })
  }

  @Test func devicesThatAreNotThereExit69() {
    let outcome = run("check", "--device", "no such device")
    #expect(outcome.status == .noDevice && outcome.error.contains("There are:"))
    #expect(run("check", "--device", "99").status == .noDevice)
  }
}
