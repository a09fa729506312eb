import Compute
import Datasets
import Foundation
import IWAE
import Report

extension Command {
  static let bounds = Command(
    name: "bounds",
    abstract: "Show how the bound L_k rises with k, and what it approaches.",
    arguments: [
      .init(
        "checkpoint", isOptional: true,
        help: "A checkpoint, a run folder, or linear-gaussian: the exact model of that data. "
          + "None with --toy.")
    ],
    options: [
      DataOptions.option, DataOptions.binarize,
      Option("--samples", short: "-k", "count", help: "Samples of each image. (default: 5000)"),
      Option("--limit", "count", help: "Only the first images of the test set. (default: 100)"),
      Option(
        "--target-error", "nats",
        help: "Double the samples until the last bound's standard error is no larger."),
      Option(
        "--out", "file",
        help: "The figure, there alone. (default: figures/bounds.svg beside the checkpoint)"),
      Option("--toy", help: "Show the bias by k on a distribution of two points, exactly."),
      Option(
        "--seed", "seed", help: "The seed of noise and binarization. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try $0.has("--toy") ? ToyBounds.run($0, $1) : runBounds($0, $1) })
}

/// What `--json` prints.
private struct BoundsReport: Encodable {
  struct Value: Encodable {
    var mean: Double
    var standardError: Double

    init(_ value: BoundMean) {
      (mean, standardError) = (value.mean, value.standardError)
    }

    var text: String { String(format: "%.4f ± %.4f", mean, standardError) }
  }

  struct Point: Encodable {
    var samples: Int
    var bound: Value
    var jackknife: Value
  }

  var bounds: [Point]
  var extrapolation: Value?
  var sumo: Value
  /// Where the data's own density is known: the mean of the log of it over the same images.
  var exact: Double?
  var effectiveSampleSize: Double
  var paretoShape: Double?
  /// The share of images whose Pareto shape is above 0.7.
  var untrustedImages: Double
  var images: Int
  var samples: Int
  var seconds: Double
  var figure = ""
  var device: String
}

/// As many samples as are kept of each image of a batch.
private let mostSamples = 1 << 20

private func runBounds(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let start = ContinuousClock.now
  let checkpoint = try Inputs.checkpoint(path, best: true)
  let run = try Inputs.configuration(ofRun: path)
  let test = try DataOptions.test(arguments, model: checkpoint.model, run: run)
  let limit = try arguments.integer("--limit", default: 100)
  let images = test.images.subset(0..<min(limit, test.images.count))
  let seed = try arguments.seed(default: run?.seed ?? 0)
  let line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
  for note in test.notes { line.keep("Note: \(sentence(note))") }
  let device = try Backend.open(arguments)
  let interrupt = Interrupt()
  let target = try arguments.number("--target-error", default: 0, in: 0...1e9)
  var samples = try arguments.integer("--samples", default: 5000, maximum: mostSamples)
  func drawCurve() throws -> BoundCurve? {
    let evaluator = try Evaluator(
      checkpoint.model, parameters: checkpoint.parameters, images: images, device: device,
      samples: samples, binarization: test.rule.eachPass, seed: seed, keepsLogWeights: true)
    return try draw(evaluator, samples: samples, seed: seed) { done in
      line.show("\(samples) samples  \(done) of \(images.count) images")
      return !interrupt.isRequested
    }
  }
  var curve = try openCLErrors(drawCurve)
  while target > 0, let error = curve?.points.last?.bound.standardError, error > target {
    if 2 * samples > mostSamples {
      line.keep("The standard error is still above \(target) with \(samples) samples.")
      break
    }
    samples *= 2
    curve = try openCLErrors(drawCurve)
  }
  line.clear()
  guard let curve else { return .interrupted }
  var report = makeReport(
    curve, exact: exactLogLikelihood(of: images), samples: samples,
    seconds: (ContinuousClock.now - start) / .seconds(1), device: device.name)
  report.figure = try Inputs.keep(
    figure(report), of: path, out: arguments.string("--out"))
  try arguments.has("--json") ? terminal.json(report) : terminal.output(text(report))
  return .done
}

/// The curve of an evaluator's images; nil if interrupted.
private func draw(
  _ evaluator: Evaluator, samples: Int, seed: UInt64, progress: (Int) -> Bool
) throws -> BoundCurve? {
  var curve = BoundCurve(samples: samples, seed: seed)
  guard try evaluator.evaluate(progress: progress, observe: { curve.add($0) }) != nil else {
    return nil
  }
  guard curve.points.allSatisfy(\.bound.mean.isFinite) else {
    throw CommandError(
      message: "A log-weight is not finite: the model's parameters are too extreme for single "
        + "precision.", code: .failed)
  }
  return curve
}

private func makeReport(
  _ curve: BoundCurve, exact: Double?, samples: Int, seconds: Double, device: String
) -> BoundsReport {
  let shapes = curve.paretoShapes.filter { !$0.isNaN }
  let images = curve.effectiveSampleSizes.count
  return BoundsReport(
    bounds: curve.points.map {
      .init(samples: $0.samples, bound: .init($0.bound), jackknife: .init($0.jackknife))
    },
    extrapolation: samples >= 50 ? .init(curve.extrapolation) : nil, sumo: .init(curve.sumo),
    exact: exact,
    effectiveSampleSize: curve.effectiveSampleSizes.reduce(0, +) / Double(images),
    paretoShape: shapes.isEmpty ? nil : shapes.reduce(0, +) / Double(shapes.count),
    untrustedImages: Double(shapes.count { $0 > 0.7 }) / Double(images), images: images,
    samples: samples, seconds: seconds, device: device)
}

private func text(_ report: BoundsReport) -> String {
  var table = TextTable(["k", "L_k", "jackknife"], rightAligned: [0])
  for point in report.bounds {
    table.append(["\(point.samples)", point.bound.text, point.jackknife.text])
  }
  var lines = [table.text, ""]
  if let extrapolation = report.extrapolation {
    lines.append("Extrapolated to 1/k = 0: \(extrapolation.text)")
  }
  lines.append("SUMO: \(report.sumo.text)")
  if let exact = report.exact {
    lines.append("The data's own density: \(String(format: "%.4f", exact))")
  }
  let shape = report.paretoShape.map { String(format: "%.2f", $0) } ?? "unknown"
  lines.append(
    "Effective samples \(String(format: "%.1f", report.effectiveSampleSize)) of "
      + "\(report.samples), Pareto shape \(shape), over \(report.images) images")
  if report.untrustedImages > 0 {
    lines.append(
      "Warning: the Pareto shape is above 0.7 for "
        + "\(String(format: "%.0f", 100 * report.untrustedImages))% of the images. Their estimates "
        + "depend on few samples and are not to be trusted.")
  }
  lines.append("Errors are over draws of the samples. Figure: \(report.figure)")
  return lines.joined(separator: "\n")
}

private func figure(_ report: BoundsReport) -> Figure {
  func curve(_ name: String, _ value: (BoundsReport.Point) -> BoundsReport.Value) -> LinePlot.Curve
  {
    LinePlot.Curve(
      name,
      report.bounds.map { point in
        let value = value(point)
        return .init(x: Double(point.samples), y: value.mean, error: value.standardError)
      })
  }
  var levels: [LinePlot.Level] = []
  if let value = report.extrapolation {
    levels.append(.init(name: "extrapolated", y: value.mean, error: value.standardError))
  }
  if let exact = report.exact { levels.append(.init(name: "data's density", y: exact)) }
  return Figure(
    name: "bounds", title: "L_k over \(report.images) images", summary: summary(report),
    content: .lines(
      LinePlot(
        xLabel: "samples k", yLabel: "log p(x), nats",
        curves: [curve("L_k", \.bound), curve("jackknife", \.jackknife)], levels: levels)))
}

private func summary(_ report: BoundsReport) -> String {
  let ends = [report.bounds.first, report.bounds.last].compactMap(\.self).map { point in
    "\(point.bound.text) with \(point.samples) \(point.samples == 1 ? "sample" : "samples")"
  }
  let approached = report.extrapolation.map { ", and approaches \($0.text)" } ?? ""
  return "The bound on the log-likelihood is \(ends.joined(separator: " and "))\(approached)."
}
