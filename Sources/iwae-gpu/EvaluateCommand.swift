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
      Option(
        "--samples", short: "-k", "count",
        help:
          "Samples of each image; a run's evaluation with more is kept instead. (default: 5000)"),
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

private func runEvaluate(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let samples = try arguments.integer("--samples", default: 5000)
  let limit = try arguments.integer("--limit", default: Int(Int32.max), maximum: Int(Int32.max))
  let checkpoint = try Inputs.checkpoint(path, best: true)
  let step = Inputs.step(path, checkpoint)
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
  guard var report else { return .interrupted }
  report.step = step
  // Whichever of the two fails, the other has the result.
  defer {
    // What a run's folder keeps is of its own test images, as training sees them.
    let others = arguments.given.intersection(["--data", "--limit", "--binarize", "--seed"])
    // Training may have gone on meanwhile: the run is no longer what was evaluated.
    let isCurrent = Inputs.step(path, checkpoint) == step
    if others.isEmpty, Inputs.isFolder(path), run != nil, isCurrent {
      keep(report, of: checkpoint.model, in: RunFolder(path), terminal)
    }
  }
  if arguments.has("--json") { try terminal.json(report) } else { try terminal.output(report.text) }
  return .done
}

/// Keeps an evaluation in its run's folder, unless there is one of the same parameters with more
/// samples of no fewer images.
private func keep(
  _ report: EvaluationReport, of model: Model, in folder: RunFolder, _ terminal: Terminal
) {
  if report.step != nil, let data = try? Files.read(folder.evaluation),
    let kept = try? JSONText.value(EvaluationReport.self, data), kept.step == report.step,
    kept.samples > report.samples, kept.images >= report.images, kept.isUsable(for: model)
  {
    terminal.error(
      "Note: '\(folder.evaluation)' keeps its evaluation with \(kept.samples) samples.")
    return
  }
  do {
    try Inputs.write(try JSONText.data(report), to: folder.evaluation)
  } catch {
    let reason = (error as? CommandError)?.message ?? "\(error)"
    terminal.error("Warning: the evaluation was not kept. \(reason)")
  }
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
    let pruned = try model.removingInactiveUnits(from: parameters, variances: result.unitVariances)
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
      message:
        "The log-likelihood of image \(image + 1) is \(result.imageLogLikelihoods[image]). The "
        + "model's parameters are too extreme for single precision.", code: .failed)
  }
}

/// The mean of the log of the data's own density over images, where it is known.
func exactLogLikelihood(of images: ImageSet) -> Double? {
  guard images.name == "linear-gaussian" else { return nil }
  let density = LinearGaussian()
  return (0..<images.count).reduce(0) { $0 + density.logLikelihood(images.pixels(of: $1)) }
    / Double(images.count)
}

/// Errors that a model's description may be the cause of.
private protocol ModelError: Error {}

extension ProgramError: ModelError {}
extension DensityError: ModelError {}

/// Gives a device's or a model's error its exit code.
func openCLErrors<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let error as DeviceError {
    return try Backend.wrap { () throws(DeviceError) in throw error }
  } catch let error as any ModelError {
    throw CommandError(message: "\(error)", code: Inputs.code(of: error))
  }
}
