import Artifacts
import Files
import Foundation
import IWAE
import ReferenceDevice
import Testing

@testable import Experiments

/// Runs whose steps give no number, through their files.
@Suite struct NaNRunTests {
  private let scene = SmallRun()

  private struct Line: Decodable {
    var learningRate: Double
    var rateHalvings: Int?
  }

  private func run(
    _ change: (inout RunConfiguration) -> Void
  ) throws -> Run {
    var (configuration, images) = try scene.configuration()
    (configuration.schedule, configuration.learningRate) = (.constant, 3)
    change(&configuration)
    return try Run(configuration, in: scene.folder, images: images)
  }

  /// A rate that is far too high is lowered; who goes on goes on with that, and says so.
  @Test func aRateIsLoweredForGood() throws {
    defer { scene.end() }
    let report = try #require(
      try run { ($0.onNaN, $0.learningRate) = (.lowerRate, 100) }.train(on: ReferenceDevice()))
    let halvings = try #require(report.rateHalvings)
    #expect(report.passes == 3 && halvings >= 1 && report.skippedSteps == nil)
    let resumed = try #require(
      try scene.resumed { $0.passes = 4 }.train(on: ReferenceDevice()))
    #expect(try #require(resumed.rateHalvings) >= halvings)
    let lines = try String(contentsOfFile: scene.folder.metrics, encoding: .utf8)
      .split(separator: "\n").map { try JSONText.value(Line.self, Data($0.utf8)) }
    let counts = lines.map { $0.rateHalvings ?? 0 }
    #expect(counts == counts.sorted() && counts.last == resumed.rateHalvings)
    for (line, count) in zip(lines, counts) {
      #expect(line.learningRate == 100 / Double(1 << count))
    }
  }

  /// A checkpoint within a pass says where that began, for whoever goes on; one between passes does not.
  @Test func checkpointsKnowWhereTheirPassBegan() throws {
    defer { scene.end() }
    let begun = try run { ($0.onNaN, $0.learningRate) = (.lowerRate, 0.001) }
    try scene.folder.create()
    try Files.write(begun.configuration.file, to: scene.folder.configuration)
    let session = try RunSession(
      begun, on: ReferenceDevice(), reference: nil, observe: { _ in }, monitor: { _ in true })
    let report = try session.trainer.finishPass(every: .zero) { _ in false }
    #expect(report == nil && session.trainer.progress.batch > 0)
    try session.save()
    let origin = try #require(session.trainer.passOrigin)
    func resumed() throws -> PassOrigin? {
      try scene.resumed().makeTrainer(
        on: ReferenceDevice(), reference: nil, monitor: { _ in true }
      ).passOrigin
    }
    let found = try #require(try resumed())
    #expect(found.progress == origin.progress && found.progress.batch == 0)
    #expect(found.state == origin.state && !found.state.isEmpty)
    let file = scene.folder.checkpoint
    let good = try Checkpoint(at: file)
    let name = try #require(good.extras.keys.filter { $0.contains("origin") }.sorted().first)
    var damaged = good
    damaged.extras[name]?.removeLast()
    try Files.write(damaged.data, to: file)
    #expect(throws: FormatError.self) { try resumed() }
    damaged = good
    damaged.metadata[Checkpoint.originKey] = damaged.metadata["progress"]?.replacing(
      "\"pass\":0", with: "\"pass\":1")
    try Files.write(damaged.data, to: file)
    #expect(throws: FormatError.self) { try resumed() }
    try Files.write(good.data, to: file)
    #expect(try scene.resumed().train(on: ReferenceDevice())?.passes == 3)
    let last = try Checkpoint(at: file)
    #expect(last.metadata[Checkpoint.originKey] == nil)
    #expect(!last.extras.keys.contains { $0.contains("origin") })
  }

  /// A rate at which blocks of steps are made before the pass begins again: their events are void.
  @Test func whatIsMadeAgainIsOnceAmongTheEvents() throws {
    defer { scene.end() }
    let report = try #require(
      try run { ($0.onNaN, $0.learningRate) = (.lowerRate, 30) }.train(on: ReferenceDevice()))
    #expect(report.rateHalvings ?? 0 > 0)
    let file = try #require(EventFile.files(in: scene.folder.path).first)
    let events = try Data(contentsOf: URL(fileURLWithPath: file))
    // A session's start, as the format has it; the first is the file's own.
    let start = Data([0x3a, 2, 8, 1])
    #expect(events.indices.count { events[$0...].starts(with: start) } > 1)
  }

  @Test func whoeverDoesNotAskStops() throws {
    defer { scene.end() }
    let error = #expect(throws: RunError.self) {
      try run { $0.learningRate = 1e6 }.train(on: ReferenceDevice())
    }
    #expect("\(error!)".contains("--on-nan lower-rate"))
  }

  /// Audits need something to compare with, and change nothing.
  @Test func auditsNeedAReference() throws {
    defer { scene.end() }
    let audited = try run { ($0.learningRate, $0.audit) = (0.001, 100) }
    #expect(throws: ConfigurationError.self) { try audited.train(on: ReferenceDevice()) }
    let report = try #require(
      try audited.train(on: ReferenceDevice(), reference: ReferenceDevice()))
    let plain = try run { $0.learningRate = 0.001 }
    #expect(try plain.train(on: ReferenceDevice())?.evaluation?.nll == report.evaluation?.nll)
  }
}
