import Commands
import Experiments
import Foundation
import IWAE
import Testing

@testable import iwae_gpu

/// Whole reproductions, of a few small images.
@Suite struct ReproduceCommandTests {
  private struct Report: Decodable {
    struct Row: Decodable {
      struct Measure: Decodable {
        var name: String
        var ours: Double
        var spread: Double?
        var published: [String: Double]?
      }

      struct Run: Decodable {
        var seed: UInt64
        var run: String
        var evaluation: EvaluationReport
      }

      var title: String
      var measures: [Measure]
      var runs: [Run]
    }

    var rows: [Row]
    var orderedPairs: Int
    var passes: Int
  }

  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-reproduce-\(UUID())").path

  /// Sixty images of nine pixels.
  private func makeData() throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let lines = (0..<60).map { image in
      (0..<9).map { (image * 7 + $0 * $0 * 3 + image * $0) % 5 < 2 ? "1" : "0" }
        .joined(separator: " ")
    }
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(
      to: URL(fileURLWithPath: "\(folder)/images.txt"))
    return "\(folder)/images.txt"
  }

  private func report(_ arguments: [String]) throws -> Report {
    let outcome = run(["reproduce"] + arguments + ["--json", "--test-samples", "10"])
    #expect(outcome.status == .done, "\(outcome.error)")
    return try JSONText.value(Report.self, Data(outcome.output.utf8))
  }

  @Test func burdasRowsAreTrainingRunsThatCanBeLengthened() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try makeData()
    let flags = ["burda", "--data", data, "--samples", "1,5", "--out", "\(folder)/out"]
    let short = try report(flags + ["--passes", "1", "--layers", "1"])
    let first = try RunConfiguration(file: "\(short.rows[0].runs[0].run)/config.json")
    #expect(first.testSamples == 10 && first.limit == 0)
    #expect(short.rows.count == 4 && short.passes == 1 && short.orderedPairs == 0)
    #expect(short.rows[0].title == "1 layer, VAE, k=1")
    #expect(short.rows.allSatisfy { $0.measures[0].published == nil })
    // One run serves both bounds of one sample; of more, each has its own.
    #expect(short.rows[0].runs[0].run == short.rows[1].runs[0].run)
    #expect(Set(short.rows.flatMap(\.runs).map(\.run)).count == 3)

    // More passes go on from there, to where a longer run by hand comes too.
    let long = try report(flags + ["--passes", "3"])
    #expect(long.rows.count == 8 && long.rows[4].title == "2 layers, VAE, k=1")
    let common = ["--data", data, "--split", "full", "--keep", "last", "--schedule", "burda"]
    for (row, more) in [
      (2, ["--objective", "vae"]), (3, []), (7, ["--model", "burda-2"]),
    ] {
      let hand = "\(folder)/hand-\(row)"
      let trained = run(
        ["train", "-k", "5", "--passes", "3", "--test-samples", "10", "--out", hand, "--quiet"]
          + common + more)
      #expect(trained.status == .done, "\(trained.error)")
      let kept = try Data(contentsOf: URL(fileURLWithPath: "\(hand)/evaluation.json"))
      let byHand = try JSONText.value(EvaluationReport.self, kept)
      #expect(long.rows[row].runs[0].evaluation.nll == byHand.nll)
    }
    // A limit that leaves nothing out is none.
    let all = ["reproduce"] + flags + ["--passes", "3", "--test-samples", "10"]
    #expect(!run(all + ["--limit", "9999"]).output.contains("Only the first"))
    #expect(run(all + ["--limit", "2"]).output.contains("Only the first 2 test images"))
    // A run cannot become shorter.
    let shorter = run(["reproduce"] + flags + ["--passes", "2"])
    #expect(shorter.status == .failed && shorter.error.contains("passes was 3 and is 2 now"))
  }

  @Test func rainforthsBoundHasSixtyFourSamples() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try makeData()
    let flags = ["rainforth", "--data", data, "--passes", "2", "--seeds", "0,1"]
    let report = try report(flags + ["--out", "\(folder)/out"])
    #expect(report.rows.count == 7 && report.rows.allSatisfy { $0.runs.count == 2 })
    // A bound that is missing is made; what was evaluated before it stays.
    let cell = report.rows[0].runs[1].run
    let evaluation = try Data(contentsOf: URL(fileURLWithPath: "\(cell)/evaluation.json"))
    try FileManager.default.removeItem(atPath: "\(cell)/bound.json")
    let again = try self.report(flags + ["--out", "\(folder)/out"])
    #expect(FileManager.default.fileExists(atPath: "\(cell)/bound.json"))
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: "\(cell)/evaluation.json")) == evaluation)
    #expect(again.rows[0].measures.map(\.ours) == report.rows[0].measures.map(\.ours))
    let row = report.rows[2]
    #expect(row.title == "MIWAE (8,8)")
    #expect(row.measures.map(\.name) == ["IWAE-64", "log p(x)", "-KL(Q to P)"])
    #expect(abs(row.measures[0].ours - row.measures[1].ours - row.measures[2].ours) < 1e-9)
    let bounds = try row.runs.map { cell in
      let outcome = run("evaluate", cell.run, "--samples", "64", "--json")
      return -(try JSONText.value(EvaluationReport.self, Data(outcome.output.utf8)).nll)
    }
    #expect(bounds[0] != bounds[1])
    #expect(row.measures[0].ours == (bounds[0] + bounds[1]) / 2)
  }

  @Test func whatCannotBeReproducedIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try makeData()
    for (arguments, message) in [
      (["brda"], "Did you mean 'burda'?"), ([], "Missing expected argument '<paper>'"),
      (["rainforth", "--mode", "paper"], "'--mode' belongs to 'burda'"),
      (["burda", "--layers", "3"], "whole numbers from 1 to 2"),
      (["burda", "--objectives", "miwae"], "expected some of vae, iwae"),
      (["burda", "--passes", "3281"], "from 1 to 3280"),
      (["burda", "--mode", "released"], "has no split of these images"),
    ] {
      let outcome = run(["reproduce"] + arguments + ["--data", data])
      #expect(outcome.status == .usage && outcome.error.contains(message), "\(outcome.error)")
    }
  }
}
