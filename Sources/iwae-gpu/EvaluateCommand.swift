import Artifacts
import Compute
import Datasets
import Foundation
import IWAE

extension Command {
  static let evaluate = Command(
    name: "evaluate",
    abstract: "Estimate a model's log-likelihood of test images.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: [
      DataOptions.option, DataOptions.binarize,
      Option("--samples", short: "-k", "count", help: "Samples of each image. (default: 5000)"),
      Option("--limit", "count", help: "Only the first images of the test set."),
      Option("--batch", "count", help: "Images at a time. (default: 20)"),
      Option("--chunk", "count", help: "Samples of each image at a time. (default: 250)"),
      Option(
        "--seed", "seed", help: "The seed of noise and binarization. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try runEvaluate($0, $1) })
}

/// What `--json` prints.
struct EvaluationReport: Codable, Equatable {
  var nll: Double
  var standardError: Double
  var samples: Int
  var images: Int
  var effectiveSampleSize: Double
  var activeUnits: [Int]
  var reconstruction: Double
  var divergence: Double
  var bound: Double
  /// With every inactive unit of the topmost layer cut off.
  var nllActiveUnitsOnly: Double?
  /// Where the data's own density is known.
  var exactNll: Double?
  var seconds: Double
  var backend: String
  var device: String

  /// What TensorBoard draws.
  var scalars: [(tag: String, value: Double)] {
    [("test/nll", nll), ("test/effective_sample_size", effectiveSampleSize)]
      + activeUnits.enumerated().map { ("test/active_units.\($0)", Double($1)) }
  }

  var text: String {
    func number(_ value: Double) -> String { String(format: "%.2f", value) }
    var lines = [
      "NLL \(number(nll)) ± \(number(standardError)) (L_\(samples) over \(images) images)",
      "bound \(number(bound)): reconstruction \(number(reconstruction)), divergence "
        + number(divergence),
      "active units \(activeUnits.map(String.init).joined(separator: " + ")), "
        + "effective samples \(String(format: "%.1f", effectiveSampleSize)) of \(samples)",
    ]
    if let nllActiveUnitsOnly {
      lines.append("NLL without inactive units \(number(nllActiveUnitsOnly))")
    }
    if let exactNll { lines.append("NLL of the data's own density \(number(exactNll))") }
    lines.append("\(String(format: "%.1f", seconds)) s on \(device)")
    return lines.joined(separator: "\n")
  }
}

private func runEvaluate(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let samples = try arguments.integer("--samples", default: 5000)
  let limit = try arguments.integer("--limit", default: Int(Int32.max), maximum: Int(Int32.max))
  let checkpoint = try Inputs.checkpoint(path, best: true)
  // A run knows what it was trained on.
  let run = try Inputs.configuration(ofRun: path)
  let test = try DataOptions.test(arguments, model: checkpoint.model, run: run)
  let images = test.images.subset(0..<min(limit, test.images.count))
  let interrupt = Interrupt()
  let line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
  for note in test.notes { line.keep("Note: \(sentence(note))") }
  let report = try evaluate(
    checkpoint.model, checkpoint.parameters, images, activity: test.activity, samples: samples,
    device: try Backend.open(arguments), seed: try arguments.seed(default: run?.seed ?? 0),
    binarization: test.rule.eachPass,
    batchSize: try arguments.integer("--batch", default: 20, maximum: 1 << 16),
    chunk: try arguments.integer("--chunk", default: 250, maximum: 1 << 20),
    line: line, interrupt: interrupt)
  line.clear()
  guard let report else { return .interrupted }
  // What a run's folder keeps is of its own test images, as training sees them.
  let others = arguments.given.intersection(["--data", "--limit", "--binarize", "--seed"])
  if others.isEmpty, Inputs.isFolder(path), run != nil {
    try Inputs.write(try JSONText.data(report), to: RunFolder(path).evaluation)
  }
  if arguments.has("--json") { try terminal.json(report) } else { try terminal.output(report.text) }
  return .done
}

/// Evaluates a model; nil if interrupted.
///
/// - Parameter activity: The images on which active units are counted; nil for the same.
func evaluate(
  _ model: Model, _ parameters: [Tensor: [Float]], _ images: ImageSet,
  activity: ImageSet? = nil, samples: Int, device: any Device, seed: UInt64,
  binarization: Binarization, batchSize: Int = 20, chunk: Int = 250, line: ProgressLine,
  interrupt: Interrupt
) throws -> EvaluationReport? {
  let start = ContinuousClock.now
  func run(
    _ label: String, _ parameters: [Tensor: [Float]], on images: ImageSet, samples: Int
  ) throws -> Evaluation? {
    try openCLErrors {
      let evaluator = try Evaluator(
        model, parameters: parameters, images: images, device: device, samples: samples,
        binarization: binarization, batchSize: batchSize, chunk: chunk, seed: seed)
      return try show(evaluator, label, images: images.count, line, interrupt)
    }
  }
  guard var result = try run("evaluating", parameters, on: images, samples: samples) else {
    return nil
  }
  try checkFinite(result)
  if let activity {
    // A chunk of samples settles the means of the upper layers.
    let active = try run(
      "active units", parameters, on: activity, samples: min(samples, chunk))
    guard let active else { return nil }
    result.unitVariances = active.unitVariances
  }
  var withoutDead: Evaluation?
  // The variance of one image's units says nothing.
  if (activity ?? images).count > 1,
    let pruned = model.removingInactiveUnits(from: parameters, variances: result.unitVariances)
  {
    withoutDead = try run("without inactive units", pruned, on: images, samples: samples)
    if withoutDead == nil { return nil }
  }
  return EvaluationReport(
    result, samples: samples, nllActiveUnitsOnly: withoutDead?.nll,
    exactNll: exactLogLikelihood(of: images).map { -$0 },
    seconds: (ContinuousClock.now - start) / .seconds(1), device: device)
}

/// Evaluates, and shows how far it is; nil if interrupted.
private func show(
  _ evaluator: Evaluator, _ label: String, images: Int, _ line: ProgressLine,
  _ interrupt: Interrupt
) throws -> Evaluation? {
  let begin = ContinuousClock.now
  return try evaluator.evaluate { done in
    let elapsed = (ContinuousClock.now - begin) / .seconds(1)
    let left = elapsed / Double(done) * Double(images - done)
    line.show(
      "\(label)  \(done) of \(images) images  "
        + "\(String(format: "%.0f", Double(done) / elapsed)) images/s  "
        + "\(readable(.seconds(left))) left")
    return !interrupt.isRequested
  }
}

private func checkFinite(_ result: Evaluation) throws {
  if let image = result.imageLogLikelihoods.firstIndex(where: { !$0.isFinite }) {
    throw CommandError(
      message: "The log-likelihood of image \(image) is \(result.imageLogLikelihoods[image]). The "
        + "model's parameters are too extreme for single precision.", code: .failed)
  }
}

extension EvaluationReport {
  fileprivate init(
    _ result: Evaluation, samples: Int, nllActiveUnitsOnly: Double?, exactNll: Double?,
    seconds: Double, device: any Device
  ) {
    self.init(
      nll: result.nll, standardError: result.standardError, samples: samples,
      images: result.imageLogLikelihoods.count,
      effectiveSampleSize: result.effectiveSampleSize, activeUnits: result.activeUnits,
      reconstruction: result.reconstruction, divergence: result.divergence,
      bound: result.reconstruction - result.divergence, nllActiveUnitsOnly: nllActiveUnitsOnly,
      exactNll: exactNll, seconds: seconds, backend: device.backend, device: device.name)
  }
}

/// The mean of the log of the data's own density over images, where it is known.
func exactLogLikelihood(of images: ImageSet) -> Double? {
  guard images.name == "linear-gaussian" else { return nil }
  let density = LinearGaussian()
  return (0..<images.count).reduce(0) { $0 + density.logLikelihood(images.pixels(of: $1)) }
    / Double(images.count)
}

/// Gives a device's error its exit code.
func openCLErrors<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let error as DeviceError {
    return try Backend.wrap { () throws(DeviceError) in throw error }
  } catch let error as ProgramError {
    throw CommandError(message: error.description, code: .failed)
  }
}
