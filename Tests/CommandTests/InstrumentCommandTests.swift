import Artifacts
import Foundation
import Testing

@testable import iwae_gpu

/// `snr` and `sandwich`, through the command line.
@Suite struct InstrumentCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-instruments-\(UUID())").path

  private struct Value: Decodable {
    var mean: Double
    var standardError: Double?
  }

  private struct Sandwich: Decodable {
    struct Annealed: Decodable {
      var temperatures: Int
      var lower: Value
      var upper: Value?
      var acceptance: Double?
    }

    struct Side: Decodable {
      var importance: Value
      var annealed: [Annealed]
      var width: Value?
      var exact: Double
    }

    struct Gap: Decodable {
      var amortization: Value
      var family: Value
    }

    var test: Side
    var simulated: Side
    var gap: Gap
  }

  @Test func exactDensityLiesInTheSandwich() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = run(
      "sandwich", "linear-gaussian", "--limit", "20", "--temperatures", "1,80", "-k", "2000",
      "--fit-steps", "300", "--out", folder + "/figure.svg", "--json")
    #expect(outcome.status == .done, "\(outcome.error)")
    let report = try decoder.decode(Sandwich.self, from: Data(outcome.output.utf8))
    let last = try #require(report.simulated.annealed.last)
    let (upper, exact) = (try #require(last.upper), report.simulated.exact)
    #expect(last.temperatures == 80 && report.test.annealed[1].upper == nil)
    #expect(upper.mean > exact - 3 * (upper.standardError ?? .nan))
    #expect(last.lower.mean < exact + 3 * (last.lower.standardError ?? .nan))
    #expect(abs(report.simulated.importance.mean - exact) < 0.02)
    #expect(report.simulated.annealed[0].acceptance == nil && last.acceptance != nil)
    #expect((report.simulated.annealed[0].upper?.mean ?? .nan) > upper.mean + 1)
    // Of theory: the encoder's variances are half as large again as the best.
    let encoder = 3 * (1.5 - 1 - log(1.5)) / 2
    #expect(report.gap.amortization.mean > 0.8 * encoder && report.gap.family.mean > 0)
    #expect(FileManager.default.fileExists(atPath: folder + "/figure.svg"))
    let lost = run("sandwich", "linear-gaussian", "--out", folder + "/none/figure.svg")
    #expect(lost.status == .fileAccess)
  }

  private struct Signals: Decodable {
    struct Measurement: Decodable { var objective: String }
    struct Slope: Decodable {
      var objective: String
      var network: String
      var against: String
      var slope: Double?
      var points: Int
    }
    var measurements: [Measurement]
    var slopes: [Slope]
  }

  private func signals(_ arguments: String...) throws -> Signals {
    let outcome = run(
      ["snr", "--draws", "80", "--batch", "2", "--json", "--out", folder] + arguments)
    #expect(outcome.status == .done, "\(outcome.error)")
    return try decoder.decode(Signals.self, from: Data(outcome.output.utf8))
  }

  @Test func signalsAreOfWhatWasAskedFor() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // The Renyi bound of order one is the evidence lower bound; it is there once.
    let both = try signals("--objectives", "renyi,vae", "--alpha", "1", "-k", "2,1,4", "-m", "1")
    #expect(both.measurements.count == 9 && both.measurements.allSatisfy { $0.objective == "vae" })
    #expect(both.slopes.count == 6 && both.slopes.allSatisfy { $0.points == 3 })
    let few = run(
      "snr", "--objectives", "iwae", "-k", "2,4", "-m", "1", "--draws", "80", "--batch", "2",
      "--out", folder)
    #expect(few.status == .done && few.output.contains("too few counts"), "\(few.output)")
    #expect(FileManager.default.fileExists(atPath: folder + "/snr-encoder-by-samples.svg"))
  }

  @Test func whatCannotBeMeasuredIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run("snr", "--objectives", "vimco", "-k", "1").status == .usage)
    let huge = run("snr", "-k", "1048576", "-m", "1048576", "--batch", "65536")
    #expect(huge.status == .usage && huge.error.contains("at once"), "\(huge.error)")
    #expect(run("snr", "--draws", "20").status == .usage)
    #expect(run("snr", "--data", "strokes").status == .usage)
  }
}
