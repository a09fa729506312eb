import Foundation
import IWAE
import Testing

@testable import iwae_gpu

/// The papers' tables, and how ours are set beside them.
@Suite struct PublishedTableTests {
  /// The divergence is the bound minus the estimate, but for the rounding of three numbers.
  @Test func thePublishedArithmeticHolds() throws {
    let whole = RainforthEntry.all.filter { $0.bound != nil }
    #expect(whole.count == 5 && RainforthEntry.all.count == 7)
    for entry in whole {
      let bound = try #require(entry.bound?.value)
      let divergence = try #require(entry.divergence?.value)
      #expect(abs(bound - entry.likelihood.value - divergence) < 0.015, "\(entry.title)")
    }
    #expect(RainforthEntry.all.allSatisfy { $0.groups * $0.samples == 64 })
    #expect(RainforthEntry.all.allSatisfy { $0.likelihood.isTranscribed })
  }

  @Test func everySetHasItsTable() throws {
    let mnist = try #require(BurdaTable.of(data: "mnist", isFixed: false))
    let best = try #require(mnist.entry(layers: 2, objective: "iwae", samples: 50))
    #expect(best.nll == 82.90 && best.activeUnits == [26, 7])
    #expect(mnist.entry(layers: 1, objective: "iwae", samples: 2) == nil)
    #expect(BurdaTable.of(data: "strokes", isFixed: false) == nil)
    #expect(BurdaTable.of(data: "omniglot", isFixed: true) == nil)
    for data in ["mnist", "binarized-mnist"] {
      let fixed = try #require(BurdaTable.of(data: data, isFixed: true))
      #expect(fixed.entry(layers: 1, objective: "vae", samples: 50)?.nll == 89.05)
      #expect(fixed.entry(layers: 1, objective: "vae", samples: 50)?.activeUnits == nil)
    }
    let omniglot = try #require(BurdaTable.of(data: "omniglot", isFixed: false))
    for layers in [1, 2] {
      for samples in [5, 50] {
        let vae = try #require(omniglot.entry(layers: layers, objective: "vae", samples: samples))
        let iwae = try #require(omniglot.entry(layers: layers, objective: "iwae", samples: samples))
        #expect(iwae.nll < vae.nll)
      }
    }
  }

  @Test func aDifferenceIsJudgedByWhatIsKnownOfIt() {
    func measure(_ values: [Double], _ error: Double?, _ published: Published?) -> Measure {
      Measure("NLL", SeedStatistics(values), standardError: error, published: published)
    }
    // Two seeds: a spread of 0.1 * sqrt(2), and 2 * sqrt(0.02 + 0.04 + 0.01) = 0.529.
    let two = measure([84.9, 85.1], 0.1, Published(85.5, 0.2))
    #expect(abs((two.allowed ?? 0) - 2 * 0.07.squareRoot()) < 1e-9 && two.isInside == true)
    #expect(measure([84.9, 85.1], 0.1, Published(85.6, 0.2)).isInside == false)
    // One seed, and no published spread: the standard error stands alone.
    let one = measure([85], 0.2, Published(85.3))
    #expect(one.spread == nil && one.allowed == 0.4 && one.isInside == true)
    let none = measure([], nil, Published(85))
    #expect(none.ours == nil && none.isInside == nil)
    #expect(measure([85], 0.2, nil).isInside == nil)
  }

  private func row(
    _ title: String, _ ours: Double?, _ published: Double?, _ units: Double, _ run: String
  )
    -> ReproductionRow
  {
    ReproductionRow(
      title: title,
      measures: [
        Measure(
          "NLL", ours.flatMap { SeedStatistics([$0]) }, standardError: 0.1,
          published: published.map { Published($0) })
      ], activeUnits: ours == nil ? nil : [units, 1], publishedActiveUnits: [20, 1],
      runs: [CellResult(seed: 0, run: run, failure: ours == nil ? "it failed." : nil)])
  }

  private func reproduction(_ rows: [ReproductionRow], passes: Int) -> Reproduction {
    Reproduction(
      paper: "A paper", mode: nil, data: "mnist", passes: passes, publishedPasses: 3280, seeds: 1,
      rows: rows, notes: ["A note"], folder: "f")
  }

  @Test func theOrderIsComparedPairByPair() {
    let rows = [
      row("a", 86, 87, 20, "1"), row("b", 85, 86, 25, "2"), row("c", 85.5, 85, 25, "3"),
      row("d", nil, 84, 20, "4"), row("e", 85.5, 84, 20, "3"),
    ]
    let result = reproduction(rows, passes: 13)
    // a-b, a-c and a-e hold, b-c and b-e do not; d failed; c and e are one run; equal units do not
    // count.
    #expect(
      result.orderedPairs == 5 && result.violations.map(\.rows) == [["b", "c"], ["b", "e"]])
    let text = result.text
    #expect(text.contains("on mnist: 13 of 3,280 passes (0.4%): with less training"))
    #expect(text.contains("NLL of b and c: published 86.00 and 85.00, ours 85.00 and 85.50"))
    #expect(text.contains("With one seed its spread is not known"))
    #expect(text.contains("A note.") && text.contains("Failed: 4: it failed."))
    let whole = reproduction(Array(rows[..<2]), passes: 3280).text
    #expect(whole.contains("3,280 of 3,280 passes (100%).\n"))
    #expect(whole.contains("The published order holds for 1 of 1 pairs of rows."))
  }
}

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
