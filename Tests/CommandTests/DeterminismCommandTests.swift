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
      "samples at a", "reference", "on 2 ranks", "on 4 ranks", "leaves of a batch", "reversed",
    ] {
      #expect(report.rows.contains { $0.way.contains(way) }, "\(way)")
    }
    #expect(report.rows.count { $0.promise == "the same bits" } >= 8)
    #expect(outcome.end == .exited(0))
  }

  /// Who asks it to stop finds nothing left: a way under way ends first.
  @Test func aStopLeavesNothing() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let tests = try #require(Bundle.main.executableURL)
    let process = Process()
    process.executableURL = tests.deletingLastPathComponent().appending(path: "iwae-gpu")
    process.arguments = ["check", "--determinism", "--quiet"]
    let place = ["TMPDIR": folder.path]
    process.environment = ProcessInfo.processInfo.environment.merging(place) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    // The first row is there, and the next way under way.
    #expect(!output.fileHandleForReading.availableData.isEmpty)
    kill(process.processIdentifier, SIGTERM)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == ExitCode.interrupted.rawValue)
    #expect(text.contains("Interrupted after '"), "\(text)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(left.filter { UUID(uuidString: $0) != nil }.isEmpty)
  }

  @Test func casesHaveNoPlaceInTheTable() {
    #expect(run("check", "--determinism", "--random", "3").status == .usage)
    #expect(run("check", "--determinism", "--backend", "cpu").status == .usage)
  }
}
