import Artifacts
import Compute
import Files
import Foundation
import IWAE
import Report

extension Command {
  static let sweep = Command(
    name: "sweep",
    abstract: "Train and test a grid of settings; run it again to go on.",
    options: [
      Option("--out", "folder", help: "The sweep's folder: one run folder for each cell."),
      Option("--resume", "folder", help: "Go on with a sweep as its sweep.json says."),
      Option(
        "--preset", "name", choices: ["mk64"],
        help: "mk64: all M x K = 64, of miwae and piwae unless told otherwise."),
      Option(
        "--objectives", "names",
        help: "Some of \(Objective.names.joined(separator: ", ")), with commas between them. "
          + "(default: iwae)"),
      Option(
        "--estimators", "names", help: "Some of standard, stl, dreg. (default: standard)"),
      Option("--groups", short: "-m", "counts", help: "Groups M. (default: 1)"),
      Option("--samples", short: "-k", "counts", help: "Samples K of each group. (default: 50)"),
      Option("--betas", "shares", help: "The shares of the ELBO in ciwae. (default: 0.5)"),
      Option("--alphas", "orders", help: "The orders of renyi. (default: 0.5)"),
      Option("--seeds", "seeds", help: "One run of each setting for each seed. (default: 0)"),
      Option("--seed", "seed", help: "The same as '--seeds' with one."),
    ] + RunOptions.options + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try runSweep($0, $1) })
}

private func runSweep(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
  let (folder, grid, source) = try sweep(arguments)
  let (settings, leftOut) = grid.settings()
  if let problem = grid.problem { throw arguments.error(sentence(problem)) }
  let images = try RunImages(source, for: grid.base, arguments)
  let runner = try CellRunner(
    folder, images: images, test: grid.test, line: line, interrupt: Interrupt())
  try keep(grid, in: folder)
  let rows = settings.map { setting in
    grid.seeds.map {
      Cell(name: "\(setting.settingName)-seed\($0)", configuration: setting.seeded($0))
    }
  }
  for reason in leftOut { line.keep("Left out: \(reason).") }
  for note in source.collection.notes { line.keep("Note: \(sentence(note))") }
  if let warning = DensityOptions.warning(grid.base.model) { terminal.error(warning) }
  let isWhole = try runner.run(rows.flatMap(\.self)) { try Backend.open(arguments) }
  line.clear()
  var report = SweepReport(
    folder: folder, leftOut: leftOut,
    rows: rows.map { cells in
      SweepReport.Row(
        cells[0].configuration, cells.compactMap { runner.results[$0.name] }, planned: cells.count)
    })
  try report.drawFigures()
  try Files.write(try JSONText.data(report), to: "\(folder)/results.json")
  try arguments.has("--json") ? terminal.json(report) : terminal.output(report.text)
  guard isWhole else {
    line.keep("Interrupted and saved. Go on with: iwae-gpu sweep --resume \(folder)")
    return .interrupted
  }
  return report.failed == 0 ? .done : .failed
}

/// The sweep that the flags describe, or go on with.
private func sweep(
  _ arguments: ParsedArguments
) throws -> (folder: String, grid: Grid, source: DataSource) {
  if let folder = arguments.string("--resume") {
    let changeable: Set = ["--resume", "--backend", "--device", "--json", "--quiet"]
    if let flag = arguments.given.subtracting(changeable).sorted().first {
      throw arguments.error(
        "'\(flag)' cannot change when a sweep is resumed. To add to the grid, run the command "
          + "again with more values.")
    }
    let grid = try stored(folder)
    return (folder, grid, try DataSource(grid.base.data))
  }
  let folder = try arguments.required("--out")
  let data = arguments.string("--data") ?? RunConfiguration().data
  let source = try DataSource(data)
  return (folder, try grid(arguments, source), source)
}

private func grid(_ arguments: ParsedArguments, _ source: DataSource) throws -> Grid {
  var base = RunConfiguration()
  try base.apply(arguments, source: source)
  // The seeds are an axis of the grid, however they are given.
  base.seed = RunConfiguration().seed
  var grid = Grid(base: base, test: try RunOptions.test(arguments))
  let isPreset = arguments.string("--preset") != nil
  grid.objectives = try arguments.names(
    "--objectives", default: isPreset ? ["miwae", "piwae"] : grid.objectives,
    among: Objective.names)
  grid.estimators = try arguments.names(
    "--estimators", default: grid.estimators,
    among: Objective.Estimator.allCases.map(\.rawValue))
  if isPreset {
    if let flag = arguments.given.intersection(["--groups", "--samples"]).sorted().first {
      throw arguments.error("'--preset' says the groups and samples; leave out '\(flag)'.")
    }
    grid.sizes = (0...6).map { .init(groups: 1 << $0, samples: 64 >> $0) }
  } else {
    let samples = try arguments.integers("--samples", default: [50])
    grid.sizes = try arguments.integers("--groups", default: [1]).flatMap { groups in
      samples.map { .init(groups: groups, samples: $0) }
    }
  }
  grid.betas = try arguments.numbers("--betas", default: grid.betas, in: 0...1)
  grid.alphas = try arguments.numbers("--alphas", default: grid.alphas, in: -100...100)
  grid.seeds = try arguments.seeds(default: grid.seeds)
  return grid
}

private func file(_ folder: String) -> String { "\(folder)/sweep.json" }

private func stored(_ folder: String) throws -> Grid {
  let file = file(folder)
  let grid: Grid
  do {
    grid = try JSONDecoder().decode(Grid.self, from: try Files.read(file))
  } catch let error as DecodingError {
    throw FormatError(file: file, problem: FormatError.words(error))
  }
  if let problem = grid.problem { throw FormatError(file: file, problem: problem) }
  return grid
}

/// Writes the grid, unless another one is there that it does not only add to.
private func keep(_ grid: Grid, in folder: String) throws {
  if FileManager.default.fileExists(atPath: file(folder)),
    let problem = grid.problem(goingOnWith: try stored(folder))
  {
    throw CommandError(
      message: "There is another sweep in '\(folder)': \(problem). Give its values and more, or "
        + "choose another '--out'.", code: .usage)
  }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  try Files.write(try encoder.encode(grid) + Data("\n".utf8), to: file(folder))
}
