import Commands
import Experiments
import Report

extension Command {
  static let sandwich = Command(
    name: "sandwich",
    abstract: "Bound log p(x) from both sides, and say where the bound's gap comes from.",
    arguments: [
      .init(
        "checkpoint",
        help: "A checkpoint, a run folder, or linear-gaussian: the exact model of that data.")
    ],
    options: DataOptions.tested + [
      Option(
        "--limit", "count",
        help: "The first images of the test set, and as many simulated. (default: 40)"),
      Option("--samples", short: "-k", "count", help: "Samples of each image. (default: 5000)"),
      Option(
        "--temperatures", "counts",
        help: "The temperatures from a Gaussian to the posterior, in runs of their own. "
          + "(default: 10,50,250)"),
      Option("--chains", "count", help: "Chains of each image. (default: 16)"),
      Option(
        "--leapfrogs", "count", help: "The most leapfrog steps of a transition. (default: 10)"),
      Option(
        "--fit-steps", "count",
        help: "Steps that fit each image's own posterior in the encoder's place; 0 for none. "
          + "(default: 1000)"),
      Option(
        "--out", "file",
        help:
          FigureFormat.fileHelp + " (default: figures/sandwich.svg beside the checkpoint)"
      ),
      Option("--seed", "seed", help: "The seed of everything drawn. (default: the run's, else 0)"),
    ] + Backend.options + OutputFormat.options + [
      Option("--quiet", help: "Show no progress.")
    ],
    examples: [
      Example("iwae-gpu sandwich runs/iwae", "Bound log p(x) from below and above")
    ],
    isForRanks: true,
    run: { try runSandwich($0, $1) })
}

private func runSandwich(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let usual = SandwichMeasurement.Settings()
  let settings = SandwichMeasurement.Settings(
    samples: try arguments.integer("--samples", default: usual.samples, maximum: 1 << 20),
    temperatures: try arguments.integers("--temperatures", default: usual.temperatures).sorted(),
    chains: try arguments.integer(
      "--chains", default: usual.chains, minimum: 2, maximum: 1 << 12),
    leapfrogs: try arguments.integer("--leapfrogs", default: usual.leapfrogs, maximum: 1 << 12),
    fitSteps: try arguments.integer(
      "--fit-steps", default: usual.fitSteps, minimum: 0, maximum: 1 << 20))
  let subject = try DataOptions.subject(arguments, display, limit: 40)
  let place =
    try Display.figure(arguments).map(FigurePlace.file) ?? display.place(of: subject)
  let measurement = try SandwichMeasurement(subject, settings)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let report = try measurement.run(on: device, monitor: display.show)
  display.line.clear()
  guard var report else { return .interrupted }
  guard Launch.ranks.isFirst else { return .done }
  report.figure = try place.put(report.makeFigure(), isAlone: true)
  try display.result(report, report.text, table: report.table)
  return .done
}
