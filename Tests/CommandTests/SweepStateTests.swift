import Artifacts
import Commands
import Experiments
import Files
import Foundation
import IWAE
import Testing

@testable import iwae_gpu

/// What of a sweep counts as finished, and what evaluations its folders keep.
@Suite struct SweepStateTests {
  private struct Report: Decodable {
    struct Cell: Decodable {
      struct Run: Decodable { var evaluation: EvaluationReport? }

      var standardError: Double?
      var runs: [Run]
    }

    var cells: [Cell]
  }

  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-state-\(UUID())").path
  private var cell: String { "\(folder)/iwae-k2-seed0" }

  private let small = [
    "--data", "linear-gaussian", "--layers", "10:3", "--schedule", "constant",
    "--test-samples", "20", "--samples", "2",
  ]

  private func sweep(_ more: String...) throws -> Report {
    let outcome = run(["sweep", "--out", folder, "--json"] + small + more)
    #expect(outcome.status == .done, "\(outcome.error)")
    return try JSONText.value(Report.self, Data(outcome.output.utf8))
  }

  private func kept() throws -> EvaluationReport {
    try JSONText.value(EvaluationReport.self, try Files.read("\(cell)/evaluation.json"))
  }

  private func write(_ text: String) throws {
    try Files.write(Data(text.utf8), to: "\(cell)/evaluation.json")
  }

  /// Ctrl-C after the first of three passes, then an evaluation by hand.
  @Test func aCellThatWasEvaluatedHalfTrainedIsNotFinished() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run(["train", "--out", cell, "--passes", "1", "--quiet"] + small).status == .done)
    var configuration = try RunConfiguration(file: "\(cell)/config.json")
    configuration.passes = 3
    try Files.write(try JSONEncoder().encode(configuration), to: "\(cell)/config.json")
    #expect(run("evaluate", cell, "--samples", "20", "--quiet").status == .done)
    let early = try #require(try kept().step)
    let report = try sweep("--passes", "3")
    #expect(report.cells[0].runs[0].evaluation?.step == 3 * early)
    #expect(try StoredModel("\(cell)/checkpoint.safetensors").step == 3 * early)
    #expect(try kept().step == 3 * early)
  }

  /// A pass that patience ended is the last, however many were asked for.
  @Test func patienceFinishesACell() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // At so high a rate no validation is better than the one before for long.
    let flags = ["--passes", "50", "--patience", "1", "--learning-rate", "0.05"]
    let command = ["sweep", "--out", folder, "--json", "--limit", "20"] + small + flags
    #expect(run(command).status == .done)
    let evaluation = try Files.read("\(cell)/evaluation.json")
    let metrics = try Files.read("\(cell)/metrics.jsonl")
    #expect(metrics.split(separator: UInt8(ascii: "\n")).count < 50)
    #expect(run(command).status == .done)
    #expect(try Files.read("\(cell)/evaluation.json") == evaluation)
  }

  @Test func fewerSamplesDoNotReplaceMore() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try sweep("--passes", "1")
    let first = try kept()
    let fewer = run("evaluate", cell, "--samples", "10")
    #expect(fewer.status == .done && fewer.error.contains("keeps its evaluation with 20 samples"))
    #expect(fewer.output.contains("L_10"))
    #expect(try kept() == first)
    #expect(run("evaluate", cell, "--samples", "30", "--quiet").status == .done)
    #expect(try kept().samples == 30)
    // Of other parameters nothing is kept.
    var other = try kept()
    other.step = 1
    try write(try JSONText.text(other))
    #expect(run("evaluate", cell, "--samples", "10", "--quiet").status == .done)
    #expect(try kept().samples == 10)
    // What cannot be is not kept either.
    other = try kept()
    (other.samples, other.nll) = (100, .nan)
    try write(try JSONText.text(other))
    #expect(run("evaluate", cell, "--samples", "10", "--quiet").status == .done)
    #expect(try kept().samples == 10)
  }

  @Test func aResultThatCannotBeKeptIsPrinted() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try sweep("--passes", "1")
    let file = "\(cell)/evaluation.json"
    try FileManager.default.removeItem(atPath: file)
    // Nothing can take the place of a folder that is not empty.
    try FileManager.default.createDirectory(
      atPath: "\(file)/inside", withIntermediateDirectories: true)
    let outcome = run("evaluate", cell, "--samples", "10", "--json")
    #expect(outcome.status == .done && outcome.error.hasPrefix("Warning: the evaluation was not"))
    #expect(try JSONText.value(EvaluationReport.self, Data(outcome.output.utf8)).samples == 10)
  }

  @Test func damagedEvaluationsAreMadeAgain() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try sweep("--passes", "1", "--seeds", "0,1")
    let whole = try kept()
    let damages: [(inout EvaluationReport) -> Void] = [
      { $0.activeUnits = [] }, { $0.activeUnits = [1, 1] }, { $0.activeUnits = [4] },
      { $0.activeUnits = [-1] }, { $0.nll = .nan }, { $0.nll = -.infinity },
      { $0.standardError = nil }, { $0.standardError = .nan }, { $0.effectiveSampleSize = .nan },
      { $0.step = nil }, { $0.samples = 21 }, { $0.images = 1 },
    ]
    for (index, damage) in damages.enumerated() {
      var damaged = whole
      damage(&damaged)
      #expect(damaged != whole)
      try write(try JSONText.text(damaged))
      _ = try sweep("--passes", "1", "--seeds", "0,1")
      var again = try kept()
      again.seconds = whole.seconds
      #expect(again == whole, "\(index)")
    }
    try write("{")
    _ = try sweep("--passes", "1", "--seeds", "0,1")
    #expect(try kept().nll == whole.nll)
  }

  /// A checkpoint that no training wrote is none to go on from, and its cell is not finished.
  @Test(arguments: [Int.min, .max]) func impossibleProgressIsToldOfItsCell(pass: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try sweep("--passes", "1")
    let file = "\(cell)/checkpoint.safetensors"
    var checkpoint = try Checkpoint(at: file)
    let text = try #require(checkpoint.metadata["progress"])
    var progress = try JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    progress.pass = pass
    checkpoint.metadata["progress"] = String(
      decoding: try JSONEncoder().encode(progress), as: UTF8.self)
    try Files.write(try checkpoint.data, to: file)
    let outcome = run(["sweep", "--out", folder, "--passes", "1"] + small)
    #expect(outcome.status == .failed, "\(outcome.error)")
    #expect(outcome.error.contains("is not that of batch"), "\(outcome.error)")
  }

  @Test func oneImageHasNoStandardError() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let report = try sweep("--passes", "1", "--limit", "1")
    #expect(report.cells[0].standardError == nil)
    let evaluation = try #require(report.cells[0].runs[0].evaluation)
    #expect(evaluation.images == 1 && evaluation.standardError == nil)
    let table = run(["sweep", "--out", folder, "--passes", "1", "--limit", "1"] + small).output
    let row = try #require(table.split(separator: "\n").first { $0.contains("iwae") })
    #expect(row.split(separator: " ").count { $0 == "-" } == 2, "\(row)")
    let one = run("evaluate", cell, "--samples", "10", "--limit", "1")
    #expect(one.output.contains(" ± - (L_10 over 1 image)"))
    let json = run("evaluate", cell, "--samples", "10", "--limit", "1", "--json").output
    let fields = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    #expect(fields?["standard_error"] is NSNull)
  }
}
