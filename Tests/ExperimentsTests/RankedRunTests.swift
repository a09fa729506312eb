import Artifacts
import Compute
import Conformance
import Experiments
import Foundation
import IWAE
import OpenCLDevice
import Testing

/// Runs of several ranks, which are threads here: one folder, written by the first of them.
@Suite struct RankedRunTests {
  private let small = SmallRun()

  /// What a rank saw.
  private struct Outcome: Equatable, Sendable {
    var steps: Int?
    var nll: Double?
    var bound: Double?
    var digest: String?
  }

  /// Trains in a folder, or goes on there.
  private static func train(
    _ small: SmallRun, _ folder: RunFolder, ranks: Int, resumes: Bool = false,
    stopsAt stop: Int? = nil
  ) throws -> [Outcome] {
    try ThreadRanks.run(ranks) { ranks in
      var run: Run
      if resumes {
        run = try Run(resuming: folder, images: small.configuration().1.source)
      } else {
        var (configuration, images) = try small.configuration(passes: 4)
        (configuration.leaves, configuration.patience, configuration.batch) = (4, 3, 20)
        run = try Run(configuration, in: folder, images: images)
      }
      let device = try OpenCLDevice.open()
      defer { device.close() }
      device.ranks = ranks
      var passes = 0
      // The last rank alone asks to stop.
      let report = try run.train(
        on: device, observe: { _ in passes += 1 },
        monitor: { _ in ranks.rank != ranks.count - 1 || stop != passes })
      return Outcome(
        steps: report?.steps, nll: report?.evaluation?.nll, bound: report?.bound,
        digest: report?.digest)
    }
  }

  private static func files(_ folder: RunFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      !$0.hasPrefix("events")
    }.sorted()
  }

  @Test func anyNumberOfRanksLeavesTheSameRun() throws {
    defer { small.end() }
    let alone = RunFolder(small.folder.path + "/alone")
    let expected = try Self.train(small, alone, ranks: 1)[0]
    #expect(expected.digest?.count == 64 && expected.nll != nil)
    for count in 2...3 {
      let folder = RunFolder(small.folder.path + "/ranks-\(count)")
      let outcomes = try Self.train(small, folder, ranks: count)
      #expect(outcomes[0] == expected)
      #expect(outcomes.map(\.nll) == Array(repeating: expected.nll, count: count))
      // Those that write nothing have written nothing to tell of.
      #expect(outcomes.dropFirst().map(\.digest) == Array(repeating: nil, count: count - 1))
      #expect(try Self.files(folder) == Self.files(alone))
      #expect(
        try Checkpoint(at: folder.path).parameters == Checkpoint(at: alone.path).parameters)
    }
  }

  @Test func whatOneStopsGoesOnWithFewer() throws {
    defer { small.end() }
    let alone = RunFolder(small.folder.path + "/alone")
    let expected = try Self.train(small, alone, ranks: 1)[0]
    let folder = RunFolder(small.folder.path + "/stopped")
    let stopped = try Self.train(small, folder, ranks: 3, stopsAt: 2)
    #expect(stopped.map(\.steps) == [nil, nil, nil])
    let lines = try String(contentsOfFile: folder.metrics, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    let rest = try Self.train(small, folder, ranks: 2, resumes: true)
    #expect(rest[0] == expected)
  }

  @Test func moreRanksThanLeavesAreRefused() throws {
    defer { small.end() }
    #expect(throws: (any Error).self) {
      try Self.train(small, RunFolder(small.folder.path + "/many"), ranks: 5)
    }
    #expect(!FileManager.default.fileExists(atPath: small.folder.path + "/many"))
  }
}
