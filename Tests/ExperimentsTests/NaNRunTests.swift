import Artifacts
import Conformance
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

  /// A session of a run that was stopped, and saved, within its first pass.
  ///
  /// - Parameters:
  ///   - step: The step from which on it may stop: it does at once at the end of a block, as 64 is.
  ///   - change: Changes its configuration.
  private func stopped(
    at step: Int, _ change: (inout RunConfiguration) -> Void = { _ in }
  ) throws -> RunSession {
    let begun = try run {
      ($0.onNaN, $0.learningRate) = (.lowerRate, 0.001)
      change(&$0)
    }
    try scene.folder.create()
    try Files.write(begun.configuration.file, to: scene.folder.configuration)
    let session = try RunSession(
      begun, on: ReferenceDevice(), reference: nil, observe: { _ in }, monitor: { _ in true })
    let report = try session.trainer.finishPass(every: .zero) { _ in
      session.trainer.progress.step < step
    }
    #expect(report == nil && session.trainer.progress.batch > 0)
    try session.save()
    return session
  }

  /// A checkpoint within a pass says where that began, for whoever goes on; one between passes does not.
  @Test(arguments: [0, 0.9]) func checkpointsKnowWhereTheirPassBegan(ema: Double) throws {
    defer { scene.end() }
    let session = try stopped(at: 0) { $0.ema = ema }
    let origin = try #require(session.trainer.passOrigin)
    let averages = origin.state.keys.count { $0.role == .average }
    #expect(averages == (ema > 0 ? session.trainer.model.parameters.count : 0))
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

  /// Another run that goes on from within the pass has settings of its own from there on.
  @Test func whoContinuesItForgetsWhereThePassBegan() throws {
    defer { scene.end() }
    _ = try stopped(at: 0)
    #expect(try Checkpoint(at: scene.folder.checkpoint).metadata[Checkpoint.originKey] != nil)
    let next = try Run(
      continuing: scene.folder, in: RunFolder(scene.folder.path + "-other"),
      images: scene.configuration().1.source)
    #expect(next.isContinuation && next.configuration.onNaN == .lowerRate)
    let trainer = try next.makeTrainer(
      on: ReferenceDevice(), reference: nil, monitor: { _ in true })
    #expect(trainer.progress.batch > 0 && trainer.passOrigin == nil)
  }

  /// A rate at which blocks of steps are made before the pass begins again: their events are void.
  @Test func whatIsMadeAgainIsOnceAmongTheEvents() throws {
    defer { scene.end() }
    let report = try #require(
      try run { ($0.onNaN, $0.learningRate) = (.lowerRate, 30) }.train(on: ReferenceDevice()))
    #expect(report.rateHalvings ?? 0 > 0)
    #expect(try starts() > 1)
  }

  /// The same of blocks that were made before the run was resumed.
  @Test func whatIsMadeAgainAfterAResumeIsOnceAmongTheEvents() throws {
    defer { scene.end() }
    let step = try stopped(at: 64) { $0.passes = 1 }.trainer.progress.step
    #expect(step == 64)
    // Numbers whose squares are none in single precision.
    var upset = try Checkpoint(at: scene.folder.checkpoint)
    upset.parameters = upset.parameters.mapValues {
      Array(repeating: .greatestFiniteMagnitude, count: $0.count)
    }
    try Files.write(upset.data, to: scene.folder.checkpoint)
    let report = try #require(try scene.resumed().train(on: ReferenceDevice()))
    #expect(report.rateHalvings == 1 && report.passes == 1)
    #expect(try starts() == 2)
  }

  /// The starts of sessions in the one file of events; the first is the file's own.
  private func starts() throws -> Int {
    let files = EventFile.files(in: scene.folder.path)
    try #require(files.count == 1)
    let events = try Data(contentsOf: URL(fileURLWithPath: files[0]))
    // As the format has it.
    let start = Data([0x3a, 2, 8, 1])
    return events.indices.count { events[$0...].starts(with: start) }
  }

  /// A rank whose copy of the checkpoint lost it would begin the pass again elsewhere.
  @Test func ranksOfUnlikeOriginsAreRefused() throws {
    defer { scene.end() }
    _ = try stopped(at: 1) { $0.leaves = 2 }
    let good = try Checkpoint(at: scene.folder.checkpoint)
    let images = try scene.configuration().1.source
    let copies = (0..<3).map { RunFolder("\(scene.folder.path)/copy-\($0)") }
    for (number, copy) in copies.enumerated() {
      var other = good
      if number == 1 { other.metadata[Checkpoint.originKey] = nil }
      if number == 2 {
        let name = try #require(good.extras.keys.filter { $0.contains("origin") }.sorted().first)
        other.extras[name]?[0] += 1
      }
      try copy.create()
      try Files.copy(scene.folder.configuration, to: copy.configuration)
      try Files.write(other.data, to: copy.checkpoint)
    }
    for (number, words) in [
      (1, "Rank 1 has other work than rank 0: only one of them has the beginning of the pass, "),
      (2, "Rank 1 differs from rank 0 in the state at the beginning of the pass: it has "),
    ] {
      let folders = [copies[0], copies[number]]
      let error = #expect(throws: LaunchError.self) {
        try ThreadRanks.run(2) { ranks in
          let device = ReferenceDevice()
          device.ranks = ranks
          let run = try Run(resuming: folders[ranks.rank], images: images)
          return try run.train(on: device) != nil
        }
      }
      let text = try #require(error).description
      #expect(text.hasPrefix(words), "\(text)")
    }
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
