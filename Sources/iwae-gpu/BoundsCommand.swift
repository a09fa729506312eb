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
  struct Point: Encodable {
    var samples: Int
    var bound: UncertainValue
    var jackknife: UncertainValue
  }

  /// What the weights of one image are worth.
  struct Image: Encodable {
    var effectiveSampleSize: Double
    /// Nil where it cannot be told.
    var paretoShape: Double?
  }

  var bounds: [Point]
  /// Nil with few samples.
  var extrapolation: UncertainValue?
  /// Nil with few samples.
  var sumo: UncertainValue?
  /// Where the data's own density is known: the mean of the log of it over the same images.
  var exact: Double?
  var effectiveSampleSize: Double
  var paretoShape: Double?
  /// The share of images whose Pareto shape is above 0.7.
  var untrustedImages: Double
  var images: Int
  /// In the order of the test set.
  var perImage: [Image]
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
  let out = try Inputs.output(arguments)
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
  var curve = try drawCurve()
  // An error that is not known is not small enough.
  while target > 0, let error = curve?.points.last?.bound.standardError, !(error <= target) {
    if 2 * samples > mostSamples {
      line.keep("The standard error is still above \(target) with \(samples) samples.")
      break
    }
    samples *= 2
    curve = try drawCurve()
  }
  line.clear()
  guard let curve else { return .interrupted }
  var report = makeReport(
    curve, exact: exactLogLikelihood(of: images), samples: samples,
    seconds: (ContinuousClock.now - start) / .seconds(1), device: device.name)
  report.figure = try Inputs.keep(figure(report), of: path, out: out)
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
    throw CommandError.notFinite("log-weight")
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
    extrapolation: curve.extrapolation.map { .init($0) }, sumo: curve.sumo.map { .init($0) },
    exact: exact,
    effectiveSampleSize: curve.effectiveSampleSizes.reduce(0, +) / Double(images),
    paretoShape: shapes.isEmpty ? nil : shapes.reduce(0, +) / Double(shapes.count),
    untrustedImages: Double(shapes.count { $0 > 0.7 }) / Double(images), images: images,
    perImage: zip(curve.effectiveSampleSizes, curve.paretoShapes).map {
      .init(effectiveSampleSize: $0, paretoShape: $1.isNaN ? nil : $1)
    },
    samples: samples, seconds: seconds, device: device)
}

private func text(_ report: BoundsReport) -> String {
  var table = TextTable(["k", "L_k", "jackknife"], rightAligned: [0])
  for point in report.bounds {
    table.append(
      ["\(point.samples)", point.bound.text(decimals: 4), point.jackknife.text(decimals: 4)])
  }
  var lines = [table.text, ""]
  if let extrapolation = report.extrapolation {
    lines.append("Extrapolated to 1/k = 0: \(extrapolation.text(decimals: 4))")
    if isBelowLast(extrapolation, report) {
      lines.append(
        "Note: that is below L_\(report.samples), which is itself below log p(x) on average: the "
          + "bounds do not lie on a line in 1/k yet.")
    }
  }
  if let sumo = report.sumo { lines.append("SUMO: \(sumo.text(decimals: 4))") }
  if let exact = report.exact {
    lines.append("The data's own density: \(String(format: "%.4f", exact))")
  }
  let shape = report.paretoShape.map { String(format: "%.2f", $0) } ?? "unknown"
  lines.append(
    "Effective samples \(String(format: "%.1f", report.effectiveSampleSize)) of "
      + "\(report.samples), Pareto shape \(shape), over \(counted(report.images, "image"))")
  if report.untrustedImages > 0 { lines.append(warning(report)) }
  lines.append("Errors are over draws of the samples. Figure: \(report.figure)")
  return lines.joined(separator: "\n")
}

/// Whether an extrapolation does not even reach the last bound, by more than its error.
private func isBelowLast(_ extrapolation: UncertainValue, _ report: BoundsReport) -> Bool {
  guard let last = report.bounds.last, let error = extrapolation.standardError else { return false }
  return extrapolation.mean + error < last.bound.mean
}

private func warning(_ report: BoundsReport) -> String {
  let worst = report.perImage.enumerated().compactMap { index, image in
    image.paretoShape.map { (index: index, shape: $0) }
  }.filter { $0.shape > 0.7 }.sorted { $0.shape > $1.shape }.prefix(5)
  return "Warning: the Pareto shape is above 0.7 for "
    + "\(String(format: "%.0f", 100 * report.untrustedImages))% of the images, the most for "
    + worst.map { "number \($0.index + 1) (\(String(format: "%.2f", $0.shape)))" }
    .joined(separator: ", ")
    + ". Their estimates depend on few samples and are not to be trusted."
}

private func figure(_ report: BoundsReport) -> Figure {
  func curve(
    _ name: String, _ value: (BoundsReport.Point) -> UncertainValue
  ) -> LinePlot.Curve {
    LinePlot.Curve(
      name,
      report.bounds.map { point in
        let value = value(point)
        return .init(x: Double(point.samples), y: value.mean, error: value.standardError ?? 0)
      })
  }
  var levels: [LinePlot.Level] = []
  if let value = report.extrapolation {
    levels.append(.init(name: "extrapolated", y: value.mean, error: value.standardError ?? 0))
  }
  if let exact = report.exact { levels.append(.init(name: "data's density", y: exact)) }
  return Figure(
    name: "bounds", title: "L_k over \(counted(report.images, "image"))", summary: summary(report),
    content: .lines(
      LinePlot(
        xLabel: "samples k", yLabel: "log p(x), nats",
        curves: [curve("L_k", \.bound), curve("jackknife", \.jackknife)], levels: levels)))
}

private func summary(_ report: BoundsReport) -> String {
  let ends = [report.bounds.first, report.bounds.last].compactMap(\.self).map { point in
    "\(point.bound.text(decimals: 4)) with \(counted(point.samples, "sample"))"
  }
  let approached =
    report.extrapolation.map {
      isBelowLast($0, report) ? "" : ", and approaches \($0.text(decimals: 4))"
    } ?? ""
  return "The bound on the log-likelihood is \(ends.joined(separator: " and "))\(approached)."
}
