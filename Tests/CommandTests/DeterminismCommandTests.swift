import Commands
import Foundation
import OpenCLDevice
import Testing

@testable import iwae_gpu

/// What a training comes to, however it is carried out.
@Suite struct DeterminismCommandTests {
  private struct Report: Decodable {
    struct Row: Decodable {
      var way: String
      var promise: String
      var sameBits: Bool?
      var distance: Double?
      var problem: String?
      var kept: Bool
    }

    var rows: [Row]
  }

  /// Every promise of the table is kept: to the same bits again, resumed anywhere, on
  /// one thread, without caches, with any tuning and any limit of memory that a step fits; nearly in
  /// parts, and on the reference.
  @Test func everyPromiseIsKept() throws {
    let tests = try #require(Bundle.main.executableURL)
    let outcome = try ChildProcess(
      tests.deletingLastPathComponent().appending(path: "iwae-gpu"),
      ["check", "--determinism", "--json", "--quiet"], limit: 900)
    let report = try decoder.decode(Report.self, from: outcome.output)
    for row in report.rows {
      let isBits = row.promise == "the same bits"
      #expect(row.kept && row.problem == nil, "\(row)")
      #expect(!isBits || row.sameBits == true, "\(row)")
      #expect(row.distance.map { $0 <= 2e-6 } == true, "\(row)")
    }
    for way in [
      "again", "resumed", "one thread", "cached", "tuning", "whole batch", "images at a",
      "samples at a",
    ] {
      #expect(report.rows.contains { $0.way.contains(way) }, "\(way)")
    }
    #expect(report.rows.count { $0.promise == "the same bits" } >= 8)
    #expect(outcome.end == .exited(0))
  }

  @Test func casesHaveNoPlaceInTheTable() {
    #expect(run("check", "--determinism", "--random", "3").status == .usage)
    #expect(run("check", "--determinism", "--backend", "cpu").status == .usage)
  }
}
