import Artifacts
import Compute
import Files
import Foundation
import IWAE

extension Command {
  static let train = Command(
    name: "train",
    abstract: "Train a model; with no options, on built-in data for about a minute.",
    options: [
      Option("--out", "folder", help: "The run folder. (default: a new one under runs)"),
      Option("--config", "file", help: "Start from another run's config.json; flags go on top."),
      Option("--resume", "folder", help: "Go on with a run where its newest checkpoint stands."),
      Option("--overwrite", help: "Replace a run that is in the folder already."),
    ] + RunOptions.options + [
      Option("--seed", "seed", help: "The seed of everything random. (default: 0)")
    ] + StepOptions.objective + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try runTrain($0, $1) })
}

/// What `--json` prints.
struct TrainReport: Encodable {
  var run: String
  var steps: Int
  var passes: Int
  var bound: Double?
  var validation: Double?
  var trainSeconds: Double
  var evaluation: EvaluationReport?
}

/// One line of the metrics.
struct Metrics: Encodable {
  var step: Int
  var epoch: Int
  var bound: Double
  var learningRate: Double
  var validation: Double?
  var trainSeconds: Double

  /// What TensorBoard draws.
  var scalars: [(tag: String, value: Double)] {
    [("bound", bound), ("learning_rate", learningRate)]
      + (validation.map { [("validation", $0)] } ?? [])
  }
}

private func runTrain(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
  let run = try makeRun(arguments, line)
  let folder = run.folder.path
  let device = try Backend.open(arguments)
  if !line.isSilent {
    line.keep(
      "\(run.configuration.objective) on \(run.configuration.data): "
        + "\(run.images.split.training.count) images, \(run.configuration.passes) passes, on "
        + "\(device.name). Run folder: \(folder)")
    for note in run.images.source.collection.notes { line.keep("Note: \(sentence(note))") }
  }
  if run.resumed == nil, let warning = DensityOptions.warning(run.configuration.model) {
    terminal.error(warning)
  }
  guard let report = try run.train(on: device) else {
    line.keep("Interrupted and saved. Go on with: iwae-gpu train --resume \(folder)")
    return .interrupted
  }
  if arguments.has("--json") {
    try terminal.json(report)
  } else {
    let hasBest = FileManager.default.fileExists(atPath: run.folder.best)
    try terminal.output(text(report, hasBest: hasBest, passes: run.configuration.passes))
  }
  return report.evaluation == nil ? .interrupted : .done
}

/// The run that the flags describe, or go on with.
private func makeRun(_ arguments: ParsedArguments, _ line: ProgressLine) throws -> TrainingRun {
  let test = try RunOptions.test(arguments)
  let resume = arguments.string("--resume")
  if resume != nil, arguments.string("--config") ?? arguments.string("--out") != nil {
    throw arguments.error("'--resume' names the run; leave out '--config' and '--out'.")
  }
  let base = resume.map { RunFolder($0).configuration } ?? arguments.string("--config")
  var configuration = try base.map(Inputs.configuration) ?? RunConfiguration()
  let source = try DataSource(arguments.string("--data") ?? configuration.data)
  let changeable: Set = [
    "--resume", "--passes", "--patience", "--backend", "--device", "--json", "--quiet",
    "--test-samples", "--limit", "--memory",
  ]
  if resume != nil, let flag = arguments.given.subtracting(changeable).sorted().first {
    throw arguments.error("'\(flag)' cannot change when a run is resumed.")
  }
  try configuration.apply(arguments, source: source)
  try configuration.applyObjective(arguments)
  do throws(ConfigurationError) {
    _ = try configuration.training()
  } catch {
    guard let base else { throw arguments.error(error.description) }
    throw FormatError(file: base, problem: error.description)
  }
  let folder = RunFolder(
    resume ?? arguments.string("--out") ?? newFolder("\(configuration.label)"))
  let resumed = try resume.map { _ in try Inputs.checkpoint(folder.checkpoint) }
  let images = try RunImages(source, for: configuration, arguments)
  if folder.exists && resumed == nil && !arguments.has("--overwrite") {
    throw arguments.error(
      "There is a run in '\(folder.path)'. Go on with '--resume \(folder.path)', replace it "
        + "with '--overwrite', or choose another '--out'.")
  }
  return try TrainingRun(
    configuration, in: folder, resumed: resumed, images: images, test: test, line: line,
    interrupt: Interrupt())
}

/// The first free name under `runs`.
func newFolder(_ name: String) -> String {
  var result = "runs/\(name)"
  var number = 1
  while FileManager.default.fileExists(atPath: result) {
    number += 1
    result = "runs/\(name)-\(number)"
  }
  return result
}

private func text(_ report: TrainReport, hasBest: Bool, passes: Int) -> String {
  let bound = report.bound.map { String(format: ", bound %.2f in the last pass", $0) } ?? ""
  return """
    Trained \(report.steps) steps in \(readable(.seconds(report.trainSeconds)))\(bound).
    Test: \(report.evaluation?.text ?? "interrupted")
    In \(report.run): config.json, metrics.jsonl, checkpoint.safetensors\
    \(hasBest ? ", best.safetensors" : "")\
    \(report.evaluation == nil ? "" : ", evaluation.json"), and events for TensorBoard
    Next: iwae-gpu look \(report.run)
          iwae-gpu report \(report.run)
          iwae-gpu train --resume \(report.run) --passes \(passes + 20)
    """
}
