import Commands
import Experiments
import Files
import IWAE

extension Command {
  static let impute = Command(
    name: "impute",
    abstract: "Fill in missing values, which are NaN, by what a model expects.",
    arguments: [
      .init(
        "checkpoint",
        help: "A checkpoint, a run folder, or linear-gaussian: the exact model of that data.")
    ],
    options: [
      Option("--data", "file", help: "The images with missing values, taken as they are."),
      DataOptions.labels, DataOptions.mask,
      Option("--out", "file", help: "Where the completed images go, an .npy array."),
      Option("--samples", short: "-k", "count", help: "Samples of each image. (default: 1000)"),
      Option(
        "--draws", "count",
        help: "Draw so many completed copies; without it, each missing value gets its mean."),
      Option(
        "--truth", "file",
        help: "The images with nothing missing: print the error, beside that of the mean of the "
          + "observed values, or of their most frequent class."),
      Option("--batch", "count", help: "Images at a time. (default: 20)"),
      Option("--chunk", "count", help: "Samples of each image at a time. (default: 250)"),
      Option("--seed", "seed", help: "The seed of everything drawn. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example(
        "iwae-gpu impute runs/holes --data holes.npy --out filled.npy", "Fill in missing values"),
      Example(
        "iwae-gpu impute runs/holes --data holes.npy --draws 10 --out copies.npy",
        "Draw ten completed copies"),
    ],
    run: { try runImpute($0, $1) })
}

private func runImpute(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let stored = try StoredModel(try arguments.argument("checkpoint"))
  let out = try arguments.required("--out")
  _ = try Display.file(arguments)
  let labels = arguments.string("--labels")
  let images = try Inputs.batch(
    try arguments.required("--data"), labels: labels, mask: arguments.string("--mask"),
    for: stored.model)
  let truth = try arguments.string("--truth").map {
    try Inputs.batch($0, labels: labels, for: stored.model)
  }
  var imputation = try Imputation(
    stored.model, parameters: stored.parameters, images: images, truth: truth)
  imputation.standardization = stored.standardization
  imputation.samples = try arguments.integer("--samples", default: 1000, maximum: 1 << 20)
  imputation.draws = try arguments.integer("--draws", default: 0, maximum: 1 << 16)
  guard imputation.draws <= (1 << 30) / images.values.count else {
    throw arguments.error(
      "\(imputation.draws) copies of \(images.values.count) values are more than 2^30 values; ask for "
        + "fewer with '--draws'.")
  }
  imputation.seed = try arguments.seed(default: stored.run?.seed ?? 0)
  imputation.batchSize = try arguments.integer("--batch", default: 20, maximum: 1 << 16)
  imputation.chunk = try arguments.integer("--chunk", default: 250, maximum: 1 << 20)
  let display = Display(arguments, terminal)
  let device = try Backend.open(arguments)
  defer { device.close() }
  guard let result = try imputation.run(on: device, monitor: { display.show($0.text) }) else {
    display.line.clear()
    return .interrupted
  }
  try Files.write(result.array.numPy, to: out)
  var report = result.report
  report.out = out
  try display.result(report, report.text)
  return .done
}
