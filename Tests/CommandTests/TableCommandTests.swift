import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Results as tables of every format, through the command line.
@Suite struct TableCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-tables-\(UUID())").path

  private let small = [
    "--data", "linear-gaussian", "--layers", ":2", "--passes", "1", "--test-samples", "20",
    "--limit", "40", "-k", "3",
  ]

  /// The lines of comma-separated values without quotes, as dictionaries.
  private func lines(_ csv: String) throws -> [[String: String]] {
    let lines = (csv + "\n").split(separator: "\r\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let names = try #require(lines.first)
    return try lines.dropFirst().map { line in
      try #require(line.count == names.count, "\(csv)")
      return Dictionary(uniqueKeysWithValues: zip(names, line))
    }
  }

  private func number(_ line: [String: String], _ key: String) throws -> Double {
    try #require(line[key].flatMap(Double.init), "\(line)")
  }

  @Test func everyFormatHasTheNumbers() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run(["train", "--out", folder, "--quiet"] + small).status == .done)
    func evaluate(_ more: String...) throws -> String {
      let outcome = run(["evaluate", folder, "-k", "20", "--limit", "40"] + more)
      #expect(outcome.status == .done, "\(outcome.error)")
      return outcome.output
    }
    struct Timeless: Decodable, Equatable {
      var nll: Double
      var standardError: Double
      var activeUnits: [Int]
    }
    let json = try decoder.decode(Timeless.self, from: Data(try evaluate("--json").utf8))
    let same = try decoder.decode(
      Timeless.self, from: Data(try evaluate("--format", "json", "--json").utf8))
    #expect(json == same)
    let line = try #require(try lines(try evaluate("--format", "csv")).first)
    #expect(try number(line, "nll") == json.nll && line["model"] == folder)
    #expect(try number(line, "standard_error") == json.standardError)
    #expect(line["active_units"] == "\(json.activeUnits[0])" && line["images"] == "40")
    let latex = try evaluate("--format", "latex")
    #expect(latex.hasPrefix("% ") && latex.hasSuffix("\\end{tabular}"))
    let uncertain = try #require(
      latex.firstMatch(of: /\$([0-9]+\.[0-9]+)\(([0-9]{2})\)\$/)?.output, "\(latex)")
    let value = try #require(Double(uncertain.1))
    let unit = pow(10, -Double(uncertain.1.split(separator: ".")[1].count))
    #expect(abs(value - json.nll) <= unit / 2 + 1e-9)
    #expect(abs(try #require(Double(uncertain.2)) * unit - json.standardError) <= unit / 2 + 1e-9)
    #expect(try evaluate("--format", "markdown").contains(" \(uncertain.1)(\(uncertain.2)) |"))
    #expect(try evaluate("--format", "text").hasPrefix("NLL "))
  }

  @Test func sweepsAndReportsOfThemAreTables() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let sweep = run(
      ["sweep", "--out", folder, "--seeds", "0,1", "--format", "csv"] + small.dropLast(2)
        + ["-k", "2,3"])
    #expect(sweep.status == .done, "\(sweep.error)")
    let cells = try lines(sweep.output)
    #expect(cells.map { $0["samples"] } == ["2", "3"] && cells.map { $0["seeds"] } == ["2", "2"])
    #expect(cells.count { $0["is_best"] == "true" } == 1)
    #expect(
      cells.allSatisfy {
        $0["objective"] == "iwae" && $0["estimator"] == "standard" && $0["planned"] == "2"
      })
    let again = run("sweep", "--resume", folder, "--format", "latex")
    #expect(again.status == .done && again.output.contains("{*} & iwae & 1 & "), "\(again.output)")
    let report = run(
      ["report", "--format", "csv", "--out", folder + "/page.html"]
        + [2, 3].flatMap { k in [0, 1].map { "\(folder)/iwae-k\(k)-seed\($0)" } })
    #expect(report.status == .done && report.error.contains("figures of 4 runs in"))
    let rows = try lines(report.output.replacing(/"[^"]*"/, with: "quoted"))
    #expect(rows.map { $0["run"] } == ["iwae-k2", "iwae-k3"])
    for (row, cell) in zip(rows, cells) {
      for key in ["nll", "standard_error", "spread"] {
        #expect(abs(try number(row, key) - number(cell, key)) < 1e-9)
      }
      let expected = try number(row, "spread") / 2.0.squareRoot()
      #expect(abs(try number(row, "seed_error") - expected) < 1e-9)
    }
    let page = try String(contentsOfFile: folder + "/page.html", encoding: .utf8)
    #expect(page.contains("<h3>Seeds</h3>") && !page.contains("http-equiv=\"refresh\""))
    let text = run("report", "\(folder)/iwae-k2-seed0", "--out", folder + "/page.html")
    #expect(text.output.contains("iwae-k2-seed0") && text.output.contains("figures of a run in"))
  }

  @Test func twoFormatsAreOneTooMany() {
    for command in [
      "evaluate", "bounds", "sandwich", "snr", "sweep", "reproduce", "report",
    ] {
      let place = ["sweep"].contains(command) ? [] : ["burda"]
      let outcome = run(
        [command] + place + ["--json", "--format", "csv"]
          + (command == "sweep" ? ["--out", folder] : []))
      let isFound = outcome.error.contains("leave one out")
      #expect(
        outcome.status == .usage && isFound && outcome.output.isEmpty, "\(command) \(outcome)")
      let unknown = run([command] + place + ["--format", "cvs"])
      #expect(unknown.status == .usage && unknown.error.contains("Did you mean 'csv'?"))
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func theToyAndTheSignalsAreTables() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let toy = try lines(run("bounds", "--toy", "--format", "csv").output)
    #expect(toy.count == 8 && toy[1]["samples"] == "2")
    #expect(abs(try number(toy[1], "bound") - (log(0.2) + log(1.8)) / 4) < 1e-12)
    let snr = run(
      "snr", "-k", "1,2,4", "-m", "1,2", "--draws", "80", "--batch", "2", "--objectives", "iwae",
      "--out", folder, "--format", "csv")
    #expect(snr.status == .done, "\(snr.error)")
    let rows = try lines(snr.output.replacing("\"iwae, ", with: "\"iwae; "))
    #expect(
      rows.map { $0["estimator"] } == [
        "iwae", "\"iwae; stl\"", "\"iwae; dreg\"", "\"iwae; auto\"",
      ])
    // Two numbers of groups are too few for a line: nothing, and no words.
    #expect(rows.allSatisfy { $0["encoder_by_groups"] == "" && $0["decoder_by_groups"] == "" })
    #expect(rows[0]["encoder_by_samples_theory"] == "-0.5")
    _ = try number(rows[0], "decoder_by_samples_margin")
  }
}
