import Commands
import Experiments
import Report

extension Command {
  static let bounds = Command(
    name: "bounds",
    abstract: "Show how the bound L_k rises with k, and what it approaches.",
    arguments: [
      .init(
        "checkpoint", isOptional: true, isRepeated: true,
        help: "A checkpoint, a run folder, or linear-gaussian: the exact model of that data. "
          + "Several are drawn into the one figure of --out. None with --toy.")
    ],
    options: DataOptions.tested + [
      Option("--samples", short: "-k", "count", help: "Samples of each image. (default: 5000)"),
      Option("--limit", "count", help: "Only the first images of the test set. (default: 100)"),
      Option(
        "--target-error", "nats",
        help: "Double the samples until the last bound's standard error is no larger."),
      Option(
        "--out", "file",
        help:
          FigureFormat.fileHelp + " (default: figures/bounds.svg beside the checkpoint)"
      ),
      Option("--toy", help: "Show the bias by k on a distribution of two points, exactly."),
      Option(
        "--seed", "seed", help: "The seed of noise and binarization. (default: the run's, else 0)"),
    ] + Backend.options + OutputFormat.options + [
      Option("--quiet", help: "Show no progress.")
    ],
    examples: [
      Example("iwae-gpu bounds runs/iwae -k 5000", "Show L_k for k up to 5000"),
      Example(
        "iwae-gpu bounds runs/iwae --limit 20 --out bounds.svg",
        "Of fewer images, into a file of your choice"),
    ],
    isForRanks: true,
    run: { try runBounds($0, $1) })
}

private func runBounds(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  if arguments.has("--toy") {
    let other =
      arguments.given.subtracting(["--toy", "--format", "--json", "--quiet"]).sorted().first
      ?? arguments.optionalArgument("checkpoint")
    if let other {
      throw arguments.error("'--toy' is of no model and no data: leave out '\(other)'.")
    }
    try display.result(
      ToyBounds.report, ToyBounds.report.text, table: ToyBounds.report.table)
    return .done
  }
  let paths = try arguments.arguments("checkpoint")
  if let twice = firstGivenTwice(paths) {
    throw arguments.error("The model '\(twice)' was given twice.")
  }
  let subjects = try paths.map {
    try DataOptions.subject(arguments, display, limit: 100, checkpoint: $0)
  }
  let out = try Display.figure(arguments)
  let places = try subjects.map { try out.map(FigurePlace.file) ?? display.place(of: $0) }
  let samples = try arguments.integer(
    "--samples", default: 5000, maximum: BoundsMeasurement.mostSamples)
  let targetError = try arguments.number("--target-error", default: 0, in: 0...1e9)
  let device = try Backend.open(arguments)
  defer { device.close() }
  var reports: [BoundsReport] = []
  for (subject, place) in zip(subjects, places) {
    let measurement = BoundsMeasurement(subject, samples: samples, targetError: targetError)
    let report = try measurement.run(
      on: device, note: { display.line.keep($0) }, monitor: display.show)
    display.line.clear()
    guard var report else { return .interrupted }
    if Launch.ranks.isFirst, subjects.count == 1 || out == nil {
      report.figure = try place.put(report.makeFigure(), isAlone: true)
    }
    reports.append(report)
  }
  guard Launch.ranks.isFirst else { return .done }
  if reports.count == 1 {
    try display.result(reports[0], reports[0].text, table: reports[0].table)
    return .done
  }
  var comparison = BoundsComparison(subjects.map(\.name), reports)
  if let out {
    try comparison.makeFigure().write(to: out)
    comparison.figure = out
  }
  try display.result(comparison, comparison.text, table: comparison.table)
  return .done
}
