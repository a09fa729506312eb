import Commands
import Foundation
import Testing

@testable import iwae_gpu

/// The same values are the same data, whatever type a file keeps them in.
@Suite struct StoredValuesTests {
  private let densities: Densities
  private let model = [
    "--likelihood", "poisson", "--layers", "8:2", "--batch", "10", "--test-samples", "10",
    "--schedule", "constant",
  ]

  init() throws { densities = try Densities() }

  private struct Report: Decodable {
    var digest: String?
    var images: Int?
  }

  /// The report of a command, which must succeed.
  private func report(_ arguments: [String]) throws -> Report {
    let outcome = run(arguments + ["--json", "--quiet"])
    try #require(outcome.status == .done, "\(arguments): \(outcome.error)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  /// Puts a file in another's place.
  private func replace(_ file: String, by other: String) throws {
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.moveItem(atPath: other, toPath: file)
  }

  @Test func runsGoOn() throws {
    defer { densities.remove() }
    let (out, counts) = (densities.path("run"), try densities.counts())
    let begun = ["train", "--data", counts, "-k", "3"] + model
    let whole = try report(begun + ["--passes", "4", "--out", densities.path("whole")]).digest
    _ = try report(begun + ["--passes", "1", "--out", out])
    // Floats that are named, bytes that are, and floats under the name of those.
    let floats = try densities.floats(0, at: 0)
    let next = ["train", "--resume", out, "--passes"]
    _ = try report(next + ["2", "--data", floats])
    _ = try report(next + ["3", "--data", counts])
    try replace(counts, by: floats)
    let found = try report(next + ["4"]).digest
    #expect(found != nil && found == whole)
    // So they are for a new run with the same configuration.
    _ = try densities.counts()
    _ = try report(
      ["train", "--config", "\(out)/config.json", "--out", densities.path("next")])
    // A value that is another is found in either type.
    try replace(counts, by: try densities.floats(7, at: 0))
    let other = run(next + ["5", "--quiet"])
    #expect(other.status == .badInput, "\(other.error)")
    #expect(other.error.contains("the training images had other values"), "\(other.error)")
  }

  @Test func aMovedFileIsKnown() throws {
    defer { densities.remove() }
    let (out, counts) = (densities.path("run"), try densities.counts())
    _ = try report(["train", "--data", counts, "-k", "3", "--passes", "1", "--out", out] + model)
    try FileManager.default.removeItem(atPath: counts)
    let floats = try densities.floats(0, at: 0)
    // Its test part alone, not all of a file that nobody divided.
    #expect(try report(["evaluate", out, "--data", floats, "--samples", "10"]).images == 6)
  }

  @Test func sweepsGoOn() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    let sweep =
      ["sweep", "--data", counts, "--samples", "2,3", "--passes", "1"]
      + ["--out", densities.path("sweep"), "--quiet"] + model
    #expect(run(sweep).status == .done)
    try replace(counts, by: try densities.floats(0, at: 0))
    let again = run(sweep)
    #expect(again.status == .done, "\(again.error)")
    try replace(counts, by: try densities.floats(7, at: 0))
    let other = run(sweep)
    #expect(other.status == .failed && other.error.contains("is of other data"), "\(other.error)")
  }
}
