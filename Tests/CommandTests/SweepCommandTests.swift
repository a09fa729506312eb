import Artifacts
import Commands
import Datasets
import Experiments
import Foundation
import IWAE
import OpenCLDevice
import Testing

@testable import iwae_gpu

/// Grids of settings, through the command line.
@Suite struct SweepCommandTests {
  private struct Report: Decodable {
    struct Cell: Decodable {
      struct Run: Decodable {
        var seed: UInt64
        var run: String
        var evaluation: EvaluationReport?
        var failure: String?
      }

      var name: String
      var nll: Double?
      var spread: Double?
      var standardError: Double?
      var isBest: Bool
      var runs: [Run]
    }

    var cells: [Cell]
    var leftOut: [String]
    var figures: [String]
    var finished: Int
    var failed: Int
  }

  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-sweep-\(UUID())").path

  private let small = [
    "--data", "linear-gaussian", "--layers", "10:3", "--passes", "1", "--test-samples", "20",
    "--limit", "40",
  ]

  private func sweep(_ more: String...) -> Outcome {
    run(["sweep", "--out", folder, "--json"] + small + more)
  }

  private func report(_ outcome: Outcome) throws -> Report {
    try JSONText.value(Report.self, Data(outcome.output.utf8))
  }

  private func parameters(_ cell: String) throws -> [String: [Float]] {
    let checkpoint = try Checkpoint(at: "\(folder)/\(cell)/checkpoint.safetensors")
    return Dictionary(uniqueKeysWithValues: checkpoint.parameters.map { ($0.key.name, $0.value) })
  }

  @Test func aCellIsATrainingRunToTheLastDigit() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = sweep(
      "--objectives", "ciwae,miwae", "--groups", "1,2", "--samples", "3,6", "--betas", "0.3",
      "--estimators", "standard,dreg", "--seeds", "1,2")
    #expect(outcome.status == .done, "\(outcome.error)")
    let report = try report(outcome)
    // ciwae depends on M x K alone: 1 x 6 and 2 x 3 are one.
    #expect(report.cells.count == 14 && report.finished == 28)
    #expect(
      report.leftOut.count == 1 && report.leftOut[0].hasPrefix("ciwae depends on M x K alone"))
    #expect(report.cells.count(where: \.isBest) == 1)
    #expect(report.figures.count == 4)
    for (name, flags) in [
      ("ciwae-b0.3-k6-dreg", ["--objective", "ciwae", "--beta", "0.3", "-k", "6"]),
      ("miwae-m2-k3-dreg", ["--objective", "miwae", "-m", "2", "-k", "3"]),
    ] {
      let cell = try #require(report.cells.first { $0.name == name })
      let hand = folder + "-by-hand"
      defer { try? FileManager.default.removeItem(atPath: hand) }
      let flags = small + flags + ["--estimator", "dreg", "--seed", "2", "--quiet", "--out", hand]
      #expect(run(["train"] + flags).status == .done)
      let evaluated = run("evaluate", hand, "--samples", "20", "--limit", "40", "--json")
      let byHand = try JSONText.value(EvaluationReport.self, Data(evaluated.output.utf8))
      #expect(cell.runs[1].seed == 2 && cell.runs[1].evaluation?.nll == byHand.nll)
      #expect(cell.runs[1].evaluation?.standardError == byHand.standardError)
      // What the seeds came to.
      let values = cell.runs.compactMap(\.evaluation?.nll)
      #expect(abs((cell.nll ?? 0) - (values[0] + values[1]) / 2) < 1e-12)
      #expect(abs((cell.spread ?? 0) - abs(values[0] - values[1]) / 2.0.squareRoot()) < 1e-12)
    }
  }

  @Test func aSweepGoesOnWhereItWasLeft() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try report(sweep("--samples", "2,3"))
    let kept = "\(folder)/iwae-k2-seed0/checkpoint.safetensors"
    let date = try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date
    // As a process that was killed leaves them: one before its first step, one before it was tested.
    let whole = try parameters("iwae-k3-seed0")
    try FileManager.default.removeItem(atPath: "\(folder)/iwae-k3-seed0/checkpoint.safetensors")
    let resumed = try report(run("sweep", "--resume", folder, "--json"))
    #expect(try parameters("iwae-k3-seed0") == whole)
    try FileManager.default.removeItem(atPath: "\(folder)/iwae-k3-seed0/evaluation.json")
    // A grid that only adds values goes on too, whatever the order.
    let more = try report(sweep("--samples", "3,4,2", "--seeds", "5,0"))
    #expect(more.cells.map(\.name) == ["iwae-k3", "iwae-k4", "iwae-k2"] && more.finished == 6)
    for other in [resumed, more] {
      for cell in first.cells {
        let same = try #require(other.cells.first { $0.name == cell.name })
        let run = try #require(same.runs.first { $0.seed == 0 })
        #expect(run.evaluation?.nll == cell.runs[0].evaluation?.nll)
      }
    }
    #expect(
      try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date == date)
    // Another grid is refused, and what differs is said.
    let other = run(
      ["sweep", "--out", folder, "--samples", "2,3", "--seeds", "5,0", "--batch", "10"] + small)
    #expect(other.status == .usage && other.error.contains("batch was 20 and is 10 now"))
    #expect(other.error.contains("groups and samples 1 x 4 not asked for now"))
    #expect(run("sweep", "--resume", folder, "--passes", "3").status == .usage)
  }

  /// As Ctrl-C stops it: in the middle of a cell, which goes on later to the same bits.
  @Test func anInterruptedCellGoesOn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let passes = small.map { $0 == "1" ? "3" : $0 }
    #expect(run(["sweep", "--out", folder, "--samples", "2,3"] + passes).status == .done)
    let whole = try parameters("iwae-k2-seed0")
    try FileManager.default.removeItem(atPath: "\(folder)/iwae-k2-seed0")
    let configuration = try RunConfiguration(file: "\(folder)/iwae-k3-seed0/config.json")
    let cells = [2, 3].map { samples in
      var configuration = configuration
      configuration.samples = samples
      return Cell(name: "iwae-k\(samples)-seed0", configuration: configuration)
    }
    func interrupted() throws -> (Bool, [String]) {
      let source = try DataSource("linear-gaussian", in: DataFolders([]))
      let runner = try CellRunner(
        folder, images: RunImages(source, for: configuration))
      let isWhole = try runner.run(
        cells, in: .init(open: { try OpenCLDevice.open() }, monitor: { _ in false }))
      return (isWhole, Array(runner.results.keys))
    }
    let (isWhole, finished) = try interrupted()
    #expect(!isWhole && finished == ["iwae-k3-seed0"])
    let metrics = try String(
      contentsOfFile: "\(folder)/iwae-k2-seed0/metrics.jsonl", encoding: .utf8)
    #expect(metrics.split(separator: "\n").count == 1)
    #expect(run("sweep", "--resume", folder, "--quiet").status == .done)
    #expect(try parameters("iwae-k2-seed0") == whole)
  }

  @Test func aFolderHasOneSweepAtATime() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let source = try DataSource("strokes", in: DataFolders([]))
    let runner = try CellRunner(
      folder, images: RunImages(source, for: RunConfiguration()))
    let refused = sweep("--samples", "2")
    #expect(
      refused.status == .failed && refused.error.contains("is in use by process"))
    withExtendedLifetime(runner) {}
  }

  @Test func damagedSweepsAreRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run("sweep", "--resume", folder).status == .fileAccess)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = "\(folder)/sweep.json"
    for text in ["{", "{}", "[]", "\0"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      #expect(run("sweep", "--resume", folder).status == .badInput, "\(text)")
    }
    #expect(sweep("--samples", "2").status == .badInput)
    try FileManager.default.removeItem(atPath: file)
    #expect(sweep("--samples", "2").status == .done)
    let whole = try String(contentsOfFile: file, encoding: .utf8)
    for (found, other) in [
      ("\"iwae\"\n", "\"iwea\"\n"), ("\"samples\" : 2\n", "\"samples\" : 5000000000000000000\n"),
      ("\"test_samples\" : 20", "\"test_samples\" : 0"), ("\"batch\" : 20", "\"batch\" : -1"),
    ] {
      let damaged = whole.replacingOccurrences(of: found, with: other)
      #expect(damaged != whole, "\(found)")
      try Data(damaged.utf8).write(to: URL(fileURLWithPath: file))
      #expect(run("sweep", "--resume", folder).status == .badInput, "\(found)")
    }
  }

  @Test func aCellThatFailsLeavesTheOthersAlone() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(sweep("--samples", "2,3").status == .done)
    let damaged = "\(folder)/iwae-k2-seed0"
    try Data("no checkpoint".utf8).write(
      to: URL(fileURLWithPath: "\(damaged)/checkpoint.safetensors"))
    try FileManager.default.removeItem(atPath: "\(folder)/iwae-k3-seed0")
    let outcome = sweep("--samples", "2,3")
    #expect(outcome.status == .failed)
    let report = try report(outcome)
    #expect(report.failed == 1 && report.finished == 1)
    #expect(report.cells[0].runs[0].failure?.contains("checkpoint.safetensors") == true)
    #expect(report.cells[0].nll == nil && report.cells[1].nll != nil)
    // A run that is not the cell's stops the sweep before it harms it.
    #expect(
      run("train", "--resume", "\(folder)/iwae-k3-seed0", "--passes", "2", "--quiet").status
        == .done)
    let foreign = sweep("--samples", "2,3")
    #expect(foreign.status == .failed && foreign.error.contains("passes was 2 and is 1 now"))
    let diverging = run(
      ["sweep", "--out", "\(folder)/nan", "--data", "strokes", "--layers", "5:2", "-k", "1,2"]
        + ["--passes", "1", "--schedule", "constant", "--learning-rate", "1e6", "--json"])
    #expect(diverging.status == .failed)
    let failures = try self.report(diverging).cells.flatMap(\.runs).compactMap(\.failure)
    #expect(failures.count == 2 && failures.allSatisfy { $0.contains("NaN or infinite") })
  }
}
