import Commands
import Experiments
import Foundation
import Report
import Testing

@testable import iwae_gpu

/// Bounds by the number of samples, through the command line.
@Suite struct BoundsCommandTests {
  private struct Report: Decodable {
    struct Value: Decodable {
      var mean: Double
      var standardError: Double?
      var error: Double { standardError ?? .nan }
    }

    struct Image: Decodable {
      var effectiveSampleSize: Double
      var paretoShape: Double?
    }

    struct Point: Decodable {
      var samples: Int
      var bound: Value
      var jackknife: Value
    }

    var bounds: [Point]
    var extrapolation: Value?
    var sumo: Value?
    var perImage: [Image]
    var exact: Double
    var effectiveSampleSize: Double
    var untrustedImages: Double
    var images: Int
    var samples: Int
  }

  @Test func theLastBoundIsWhatEvaluationFinds() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "iwae-gpu-bounds-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let trained = run(
      "train", "--data", "linear-gaussian", "--out", folder, "--layers", ":3", "-k", "10",
      "--passes", "6", "--learning-rate", "0.005", "--test-samples", "50", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    let outcome = run("bounds", folder, "--samples", "600", "--limit", "45", "--json")
    #expect(outcome.status == .done, "\(outcome.error)")
    let report = try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.images == 45 && report.samples == 600)
    #expect(report.bounds.map(\.samples) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 600])

    struct Evaluated: Decodable {
      var nll: Double
      var effectiveSampleSize: Double
      var exactNll: Double
    }
    let evaluated = try decoder.decode(
      Evaluated.self,
      from: Data(
        run("evaluate", folder, "--samples", "600", "--limit", "45", "--json").output.utf8))
    let last = try #require(report.bounds.last)
    #expect(abs(last.bound.mean + evaluated.nll) < 1e-4)
    #expect(abs(report.effectiveSampleSize / evaluated.effectiveSampleSize - 1) < 1e-3)
    #expect(abs(report.exact + evaluated.exactNll) < 1e-9)
    // The bounds rise, and the line through them ends where the last is, give or take its error.
    for (lower, upper) in zip(report.bounds, report.bounds.dropFirst()) {
      #expect(lower.bound.mean < upper.bound.mean + 3 * upper.bound.error)
    }
    let extrapolation = try #require(report.extrapolation)
    #expect(abs(extrapolation.mean - last.bound.mean) < 5 * last.bound.error + 0.02)
    #expect(report.perImage.count == 45 && report.sumo != nil)
    let mean = report.perImage.reduce(0) { $0 + $1.effectiveSampleSize } / 45
    #expect(abs(mean / report.effectiveSampleSize - 1) < 1e-9)
    let untrusted = report.perImage.count { ($0.paretoShape ?? .nan) > 0.7 }
    #expect(abs(Double(untrusted) / 45 - report.untrustedImages) < 1e-9)
    try check(FigureFolder(run: folder), against: report)

    let more = run(
      "bounds", folder, "--samples", "20", "--limit", "10", "--target-error", "0.05", "--json")
    let doubled = try decoder.decode(Report.self, from: Data(more.output.utf8))
    #expect(doubled.samples > 20)
    #expect((doubled.bounds.last?.bound.standardError ?? .infinity) <= 0.05)
    // One sample tells no error, which is not small enough.
    let one = run("bounds", folder, "--samples", "1", "--limit", "1", "--quiet")
    #expect(one.status == .done && !one.output.contains("nan"), "\(one.output)")
    let single = run(
      "bounds", folder, "-k", "1", "--limit", "2", "--target-error", "100", "--json")
    #expect(try decoder.decode(Report.self, from: Data(single.output.utf8)).samples == 2)
    let lost = run("bounds", folder, "--out", folder + "/none/figure.svg")
    #expect(lost.status == .fileAccess)
    #expect(run("bounds").status == .usage)
  }

  private struct Compared: Decodable {
    struct Bounds: Decodable { var bounds: [Report.Point] }
    struct Run: Decodable {
      var name: String
      var bounds: Bounds
    }
    var runs: [Run]
    var figure: String?
  }

  /// Several models are measured alike, and drawn together where a file is named.
  @Test func modelsAreComparedInOneFigure() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "iwae-gpu-compared-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (first, second) = ("\(folder)/first", "\(folder)/second")
    for (path, objective) in [(first, "iwae"), (second, "vae")] {
      let trained = run(
        "train", "--passes", "1", "--layers", "10:2", "-k", "2", "--objective", objective,
        "--test-samples", "2", "--validation-samples", "2", "--batch", "500", "--quiet", "--out",
        path)
      #expect(trained.status == .done, "\(trained.error)")
    }
    let out = "\(folder)/both.pdf"
    let measured = ["-k", "5", "--limit", "4", "--json"]
    let both = run(["bounds", first, second, "--out", out] + measured)
    #expect(both.status == .done, "\(both.error)")
    let report = try decoder.decode(Compared.self, from: Data(both.output.utf8))
    #expect(report.runs.map(\.name) == ["first", "second"] && report.figure == out)
    #expect(FileManager.default.fileExists(atPath: out))
    #expect(!FileManager.default.fileExists(atPath: "\(first)/figures"))
    let alone = run(["bounds", second] + measured)
    let single = try decoder.decode(Compared.Bounds.self, from: Data(alone.output.utf8))
    #expect(single.bounds.map(\.bound.mean) == report.runs[1].bounds.bounds.map(\.bound.mean))
    #expect(run("bounds", first, "--out", "\(folder)/both.eps").status == .usage)
    let twice = run("bounds", first, second, first + "/")
    #expect(twice.status == .usage && twice.error.contains("given twice"), "\(twice.error)")
  }

  /// The figure shows what was reported.
  private func check(_ folder: FigureFolder, against report: Report) throws {
    let figure = try #require(try folder.read().first)
    #expect(figure.name == "bounds" && !figure.summary.isEmpty)
    guard case .lines(let plot) = figure.content else {
      Issue.record("The figure is no line plot.")
      return
    }
    #expect(plot.curves.map(\.name) == ["L_k", "jackknife"] && plot.levels.count == 2)
    #expect(plot.curves[0].points.map(\.y) == report.bounds.map(\.bound.mean))
    let svg = try String(contentsOfFile: "\(folder.path)/bounds.svg", encoding: .utf8)
    #expect(svg == figure.svg && svg.hasPrefix("<svg") && svg.hasSuffix("</svg>\n"))
    // Elsewhere, and nowhere else.
    let other = folder.path + "-other.svg"
    let date = try FileManager.default.attributesOfItem(atPath: folder.picture(of: figure))
    let run = run(
      "bounds", String(folder.path.dropLast(8)), "-k", "2", "--limit", "2", "--out", other)
    #expect(run.status == .done && FileManager.default.fileExists(atPath: other))
    let now = try FileManager.default.attributesOfItem(atPath: folder.picture(of: figure))
    #expect(date[.modificationDate] as? Date == now[.modificationDate] as? Date)
  }

  /// Two weights with equal chance: every number can be worked out by hand.
  @Test func theToyIsExact() {
    #expect(abs(ToyBounds.bound(1) - (log(0.2) + log(1.8)) / 2) < 1e-12)
    #expect(abs(ToyBounds.bound(2) - (log(0.2) / 4 + log(1.8) / 4)) < 1e-12)
    #expect(abs(ToyBounds.bound(1000) + 0.00032) < 1e-6)
    #expect(run("bounds", "--toy").output.contains("   1                -0.510826  -0.320000"))
  }
}
