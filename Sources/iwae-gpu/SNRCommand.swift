import Commands
import Experiments
import IWAE
import Report

extension Command {
  static let snr = Command(
    name: "snr",
    abstract: "Measure the gradients' signal against their noise, by the number of samples.",
    arguments: [
      .init(
        "checkpoint", isOptional: true,
        help: "A checkpoint, a run folder, or linear-gaussian. (default: the linear model of "
          + "Rainforth et al., near its optimum)")
    ],
    options: [
      Option(
        "--objectives", ObjectiveOptions.placeholder,
        help:
          "Objectives with commas between them, each with all of its estimators; a file of JSON "
          + "describes one of your own. (default: all)"
      ),
      Option(
        "--samples", short: "-k", "counts",
        help: "The numbers K of samples, with the least M. (default: 1,2,4,8 and so on to 512)"),
      Option(
        "--groups", short: "-m", "counts",
        help: "The numbers M of groups, with the middle K. (default: 1,2,4,8,16)"),
      Option("--draws", "count", help: "Gradients of each kind, at least 80. (default: 2000)"),
      Option("--batch", "count", help: "Images, the first of the test set. (default: 16)"),
    ] + DataOptions.tested + [
      Option(
        "--out", "folder",
        help: FigureFormat.placeHelp + " (default: figures beside the checkpoint; none without one)"
      ),
      Option("--seed", "seed", help: "The seed of noise and binarization. (default: 0)"),
    ] + Setting.ofObjectives.map(Option.init) + Backend.options + OutputFormat.options + [
      Option("--quiet", help: "Show no progress.")
    ],
    examples: [
      Example("iwae-gpu snr", "Measure a linear model whose gradients are known"),
      Example("iwae-gpu snr runs/iwae -k 1,8,64 --draws 500", "Measure a trained model"),
    ],
    run: { try runSNR($0, $1) })
}

private func runSNR(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let measurement = try measurement(arguments)
  let path = arguments.optionalArgument("checkpoint")
  let ofData = arguments.given.intersection(DataOptions.tested.map(\.name)).sorted()
  if path == nil, let flag = ofData.first {
    throw arguments.error("'\(flag)' needs a checkpoint; the built-in model draws its own data.")
  }
  let batch = try arguments.integer("--batch", default: 16, maximum: 1 << 16)
  try measurement.check(batch: batch)
  let seed = try arguments.seed(default: 0)
  let subject =
    try path.map {
      let stored = try StoredModel($0)
      return Subject(stored, try DataOptions.test(arguments, stored), seed: seed)
    } ?? .linear(images: batch, seed: seed)
  let place =
    try Display.figures(arguments) ?? path.map { _ in try display.place(of: subject) } ?? .nowhere
  if case .folder(let folder) = place { try folder.check() }
  let device = try Backend.open(arguments)
  defer { device.close() }
  let report = try measurement.run(
    subject, batch: batch, on: device, note: { display.line.keep($0) }, monitor: display.show)
  display.line.clear()
  guard var report else { return .interrupted }
  let figures = measurement.figures(report)
  report.figures = try figures.compactMap { try place.put($0, isAlone: figures.count == 1) }
  try display.result(report, measurement.text(report), table: measurement.table(report))
  return .done
}

private func measurement(_ arguments: ParsedArguments) throws -> SignalMeasurement {
  let usual = SignalMeasurement()
  var settings = RunConfiguration()
  try settings.apply(arguments, Setting.ofObjectives)
  let objectives = try ObjectiveOptions.list(
    arguments, default: Objective.names.map { .named($0) }
  ).compactMap { $0.objective(settings) }
  return SignalMeasurement(
    estimators: GradientEstimator.all(of: objectives, among: Objective.Estimator.allCases),
    leavesOut: arguments.string("--objectives") == nil,
    samples: try arguments.list("--samples", of: .samples, \.samples, usual.samples).sorted(),
    groups: try arguments.list("--groups", of: .groups, \.groups, usual.groups).sorted(),
    draws: try arguments.integer(
      "--draws", default: usual.draws, minimum: SignalMeasurement.leastDraws, maximum: 1 << 24))
}
