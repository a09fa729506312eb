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
      var paired: PairedDifference?
    }

    struct Pair: Decodable {
      var row: String
      var paired: PairedDifference
      var isApart: Bool
    }

    var rows: [Row]
    var pairs: [Pair]
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

  @Test func tomczaksRunsHaveAShorterCourse() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try makeData()
    let flags = ["tomczak", "--data", data, "--out", "\(folder)/out"]
    let report = try report(flags + ["--passes", "20"])
    #expect(
      report.rows.map(\.title) == [
        "1 layer, standard", "1 layer, mixture", "1 layer, VampPrior", "2 layers, standard",
        "2 layers, mixture",
      ])
    let cell = report.rows[2].runs[0]
    let settings = try RunConfiguration(file: "\(cell.run)/config.json")
    #expect(settings.warmUp == 1 && settings.patience == 5 && settings.keep == .best)
    #expect(settings.model.prior.name == "vamp:500" && settings.model.hiddenKind == .gated)
    // A row is a run as any other.
    let hand = run(
      "train", "--config", "\(cell.run)/config.json", "--out", "\(folder)/hand", "--quiet")
    #expect(hand.status == .done, "\(hand.error)")
    let kept = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/hand/evaluation.json"))
    #expect(try JSONText.value(EvaluationReport.self, kept).nll == cell.evaluation.nll)
    // Another course is another run.
    let other = run(["reproduce"] + flags + ["--passes", "40", "--test-samples", "10"])
    #expect(other.status == .failed && other.error.contains("warm_up was 1 and is 2 now"))
  }

  /// Rows are compared image by image, with those whose runs they do not share.
  @Test func rowsAreComparedImageByImage() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try makeData()
    let flags = ["burda", "--data", data, "--layers", "1", "--samples", "1,5", "--passes", "2"]
    let report = try report(flags + ["--out", "\(folder)/out"])
    let nll = report.rows.map(\.measures[0].ours)
    let best = try #require(nll.indices.min { nll[$0] < nll[$1] })
    // Of one sample both rows are one run: five of the six pairs are two.
    #expect(report.pairs.count == 5 && report.pairs.allSatisfy { $0.paired.images == 6 })
    for pair in report.pairs {
      let ours = try [pair.row, pair.paired.than].map { title in
        try #require(report.rows.first { $0.title == title }).measures[0].ours
      }
      #expect(abs(pair.paired.difference - (ours[0] - ours[1])) < 1e-9)
      let error = try #require(pair.paired.standardError)
      #expect(pair.isApart == (abs(pair.paired.difference) > 2 * error))
    }
    for (row, value) in zip(report.rows, nll) {
      let isBest = row.runs[0].run == report.rows[best].runs[0].run
      #expect((row.paired == nil) == isBest)
      if let paired = row.paired { #expect(abs(paired.difference - (value - nll[best])) < 1e-9) }
    }
    let text = run(
      ["reproduce"] + flags + ["--out", "\(folder)/out", "--test-samples", "10"]
    ).output
    let apart = report.pairs.count(where: \.isApart)
    #expect(text.contains("the NLL of \(apart) of 5 pairs of rows differs"), "\(text)")
    #expect(text.contains("above the best"))
    // Without what each image came to, nothing is compared.
    for row in report.rows {
      try? FileManager.default.removeItem(atPath: "\(row.runs[0].run)/evaluation.npy")
    }
    let bare = try self.report(flags + ["--out", "\(folder)/out"])
    #expect(bare.pairs.isEmpty && bare.rows.allSatisfy { $0.paired == nil })
  }

  @Test func whatCannotBeReproducedIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try makeData()
    for (arguments, message) in [
      (["brda"], "Did you mean 'burda'?"), ([], "Missing expected argument '<paper>'"),
      (["rainforth", "--mode", "paper"], "'--mode' belongs to 'burda'"),
      (["tomczak", "--samples", "5"], "'--samples' belongs to 'burda'"),
      (["rainforth", "--layers", "1"], "'--layers' belongs to 'burda' and 'tomczak'"),
      (["tomczak", "--passes", "2001"], "from 1 to 2000"),
      (["tomczk"], "Did you mean 'tomczak'?"),
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
