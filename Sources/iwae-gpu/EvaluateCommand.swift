import Commands
import Experiments
import IWAE

extension Command {
  static let evaluate = Command(
    name: "evaluate",
    abstract: "Estimate a model's log-likelihood of test images.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: DataOptions.tested + [
      Option(
        "--samples", short: "-k", "count",
        help:
          "Samples of each image; a run's evaluation with more is kept instead. (default: 5000)"),
      Option("--limit", "count", help: "Only the first images of the test set."),
      Option("--batch", "count", help: "Images at a time. (default: 20)"),
      Option("--chunk", "count", help: "Samples of each image at a time. (default: 250)"),
      Option(
        "--seed", "seed", help: "The seed of noise and binarization. (default: the run's, else 0)"),
    ] + Backend.options + OutputFormat.options + [
      Option("--quiet", help: "Show no progress.")
    ],
    examples: [
      Example("iwae-gpu evaluate runs/iwae -k 5000", "Estimate log p(x) of the run's test images"),
      Example(
        "iwae-gpu evaluate runs/iwae --data new.npy --json", "Of other images, for a program"),
    ],
    isForRanks: true,
    run: { try runEvaluate($0, $1) })
}

private func runEvaluate(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let stored = try StoredModel(try arguments.argument("checkpoint"))
  let samples = try arguments.integer("--samples", default: 5000)
  let limit = try arguments.integer("--limit", default: Int(Int32.max), maximum: Int(Int32.max))
  let test = try DataOptions.test(arguments, stored)
  display.note(test.notes)
  let evaluation = ModelEvaluation(
    stored.model, parameters: stored.parameters,
    images: test.images.subset(0..<min(limit, test.images.count)), activity: test.activity,
    samples: samples, binarization: test.rule.eachPass,
    seed: try arguments.seed(default: stored.run?.seed ?? 0),
    batchSize: try arguments.integer("--batch", default: 20, maximum: 1 << 16),
    chunk: try arguments.integer("--chunk", default: 250, maximum: 1 << 20))
  let device = try Backend.open(arguments)
  defer { device.close() }
  let report = try evaluation.run(on: device) { display.show($0.text) }
  display.line.clear()
  guard var report else { return .interrupted }
  report.step = stored.step
  // Whichever of the two fails, the other has the result.
  defer {
    // What a run's folder keeps is of its own test images, as training sees them.
    let others = arguments.given.intersection(
      ["--limit", "--seed"] + DataOptions.tested.map(\.name))
    if others.isEmpty, Launch.ranks.isFirst { keep(report, of: stored, terminal) }
  }
  try display.result(report, report.text, table: report.table(of: stored.path))
  return .done
}

/// Keeps an evaluation in its run's folder, unless there is a better one.
private func keep(_ report: EvaluationReport, of stored: StoredModel, _ terminal: Terminal) {
  do {
    if let better = try stored.keep(report) {
      terminal.error("Note: '\(better.file)' keeps its evaluation with \(better.samples) samples.")
    }
  } catch {
    terminal.error("Warning: the evaluation was not kept. \(error)")
  }
}
