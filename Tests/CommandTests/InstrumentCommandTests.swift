import Commands
import Foundation
import Report
import Testing

@testable import iwae_gpu

/// `snr` and `sandwich`, through the command line.
@Suite struct InstrumentCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-instruments-\(UUID())").path

  private struct Value: Decodable {
    var mean: Double
    var standardError: Double?
    var error: Double { standardError ?? .nan }
  }

  private struct Sandwich: Decodable {
    struct Annealed: Decodable {
      var temperatures: Int
      var lower: Value
      var estimate: Value
      var upper: Value?
      var acceptance: Double?
    }

    struct Side: Decodable {
      var importance: Value
      var annealed: [Annealed]
      var width: Value?
      var exact: Double
      var untrustedImages: Double
    }

    struct Gap: Decodable {
      var bound: Value
      var amortization: Value
      var family: Value
    }

    var test: Side
    var simulated: Side
    var gap: Gap
    var errorsAreLowerLimits: Bool
  }

  /// The density of the built-in data lies between both sides.
  @Test func theSandwichHoldsTheExactValue() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = run(
      "sandwich", "linear-gaussian", "--temperatures", "80,10,1", "--limit", "20", "-k", "2000",
      "--fit-steps", "300", "--json", "--out", folder + "/figure.svg")
    #expect(result.status == .done, "\(result.error)")
    let report = try decoder.decode(Sandwich.self, from: Data(result.output.utf8))
    for side in [report.test, report.simulated] {
      #expect(side.annealed.map(\.temperatures) == [1, 10, 80])
      #expect(side.annealed[0].acceptance == nil && side.annealed[1].acceptance != nil)
      #expect(abs(side.importance.mean - side.exact) < 4 * side.importance.error + 0.01)
      for annealed in side.annealed {
        #expect(annealed.lower.mean < side.exact + 3 * annealed.lower.error)
        #expect(annealed.estimate.mean > annealed.lower.mean)
      }
      // With few temperatures, the error of an estimate knows how far it may be off.
      for annealed in side.annealed.dropFirst() {
        #expect(abs(annealed.estimate.mean - side.exact) < 4 * annealed.estimate.error)
      }
    }
    #expect(report.test.annealed.allSatisfy { $0.upper == nil } && report.test.width == nil)
    let simulated = report.simulated
    for annealed in simulated.annealed {
      let upper = try #require(annealed.upper)
      #expect(upper.mean > simulated.exact - 3 * upper.error)
    }
    // More temperatures come closer, from both sides, until nothing but errors is left.
    for (worse, better) in zip(simulated.annealed, simulated.annealed.dropFirst()) {
      #expect(better.lower.mean > worse.lower.mean - 3 * worse.lower.error)
      let (near, far) = (try #require(better.upper), try #require(worse.upper))
      #expect(near.mean < far.mean + 3 * far.error && near.error < far.error)
    }
    // The exact model's encoder is wide enough for light tails.
    #expect(!report.errorsAreLowerLimits && report.test.untrustedImages == 0)
    let gap = report.gap
    #expect(gap.amortization.mean > 0.2 && gap.family.mean > 0.05)
    let parts = gap.bound.mean + gap.amortization.mean + gap.family.mean
    #expect(abs(report.test.exact - parts) < 1e-6)
    #expect(
      try String(contentsOfFile: folder + "/figure.svg", encoding: .utf8).hasPrefix("<svg"))
    let lost = run("sandwich", "linear-gaussian", "--out", folder + "/none/figure.svg")
    #expect(lost.status == .fileAccess)
  }

  /// Few steps of training leave an encoder whose weights have heavy tails: errors say too little.
  @Test func errorsAreSaidToBeLowerLimits() throws {
    struct Found: Decodable {
      struct Side: Decodable { var untrustedImages: Double }
      var errorsAreLowerLimits: Bool
      var test: Side
      var simulated: Side
    }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let trained = run(
      "train", "--data", "strokes", "--layers", "20:8", "-k", "5", "--passes", "1", "--out",
      folder + "/run", "--test-samples", "10", "--limit", "20", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    let arguments = [
      "sandwich", folder + "/run", "--temperatures", "2", "--limit", "8", "-k", "500",
      "--fit-steps", "1", "--chains", "2",
    ]
    let report = try decoder.decode(Found.self, from: Data(run(arguments + ["--json"]).output.utf8))
    #expect(report.errorsAreLowerLimits)
    #expect(max(report.test.untrustedImages, report.simulated.untrustedImages) > 0)
    #expect(run(arguments).output.contains("errors over draws are lower limits."))
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
    #expect(both.measurements.count == 12 && both.measurements.allSatisfy { $0.objective == "vae" })
    #expect(both.slopes.count == 8 && both.slopes.allSatisfy { $0.points == 3 })
    let few = run(
      "snr", "--objectives", "iwae", "-k", "2,4", "-m", "1", "--draws", "80", "--batch", "2",
      "--out", folder)
    #expect(few.status == .done && few.output.contains("too few counts"), "\(few.output)")
  }

  @Test func signalsAreDrawn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = run(
      "snr", "--objectives", "iwae,elbo,vimco", "--draws", "80", "-k", "1,2,4", "-m", "1,2,3",
      "--batch", "2", "--out", folder)
    #expect(result.status == .done, "\(result.error)")
    #expect(result.output.contains("iwae, dreg"))
    let figures = try FigureFolder(folder).read()
    #expect(figures.count == 4)
    for figure in figures {
      guard case .lines(let plot) = figure.content else {
        Issue.record("\(figure.name) is no line plot")
        continue
      }
      let isEncoder = figure.name.hasPrefix("snr-encoder")
      #expect(plot.curves.count == (isEncoder ? 6 : 3))
      // vimco needs two samples.
      let points = plot.curves.map(\.points.count)
      #expect(points.last == (figure.name.hasSuffix("samples") ? 2 : 3) && points[0] == 3)
    }
  }

  /// Without a run, figures go where they are told to, or nowhere.
  @Test func figuresAreNotLeftBehind() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let measured = [
      "snr", "--objectives", "iwae", "-k", "1,2", "-m", "1", "--draws", "80", "--batch", "2",
    ]
    let hadFigures = FileManager.default.fileExists(atPath: "figures")
    let nowhere = run(measured)
    #expect(nowhere.output.contains("No figures are drawn"), "\(nowhere.error)")
    #expect(hadFigures || !FileManager.default.fileExists(atPath: "figures"))
    let file = run(measured + ["--out", folder + "/snr.pdf"])
    #expect(file.output.contains("\(folder)/snr-encoder-by-samples.pdf"), "\(file.error)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
        "snr-decoder-by-samples.pdf", "snr-encoder-by-samples.pdf",
      ])
    #expect(run(measured + ["--out", folder + "/snr.jpg"]).status == .usage)
    #expect(run(measured + ["--out", folder + "/none/snr.svg"]).status == .fileAccess)
  }

  @Test func whatCannotBeMeasuredIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(run("snr", "--objectives", "vimco", "-k", "1").status == .usage)
    let huge = run("snr", "-k", "1048576", "-m", "1048576", "--batch", "65536")
    #expect(huge.status == .usage && huge.error.contains("at once"), "\(huge.error)")
    #expect(run("snr", "--objectives", "iwea").status == .usage)
    #expect(run("snr", "--draws", "79").status == .usage)
    #expect(run("snr", "--data", "strokes").status == .usage)
  }
}
