import Commands
import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice
import Report

extension Command {
  static let sweep = Command(
    name: "sweep",
    abstract: "Train and test a grid of settings, whose flags take lists; run it again to go on.",
    options: [
      Option("--out", "folder", help: "The sweep's folder: one run folder for each cell."),
      Option("--resume", "folder", help: "Go on with a sweep as its sweep.json says."),
      Option(
        "--shard", "i/n",
        help: "Run the i-th of n shares of the cells: one job of n, which may share a folder."),
      Option(
        "--merge", "folders",
        help:
          "Run nothing: take over what shards finished in other folders, with commas between them."),
      Option(
        "--preset", "name", choices: ["mk64"],
        help: "mk64: all M x K = 64, of miwae and piwae unless told otherwise."),
      Option(
        "--objectives", ObjectiveOptions.placeholder,
        help:
          "Some of \(Objective.names.joined(separator: ", ")), with commas between them; a file "
          + "of JSON describes one of your own. (default: iwae)"),
      Option(
        "--estimators", "names", help: "Some of standard, stl, dreg, auto. (default: standard)"),
      Option("--groups", short: "-m", "counts", help: Setting.groups.help),
      Option("--samples", short: "-k", "counts", help: Setting.samples.help),
      Option("--betas", "shares", help: Setting.beta.help),
      Option("--alphas", "orders", help: Setting.alpha.help),
      Option("--seeds", "seeds", help: "One run of each setting for each seed. (default: 0)"),
      Option("--seed", "seed", help: "The same as '--seeds' with one."),
      Option(
        "--figures", "path",
        help: "Draw the figures there too: a folder; or a file that ends in "
          + "\(FigureFormat.endings), which is named after each of several."),
    ] + (RunOptions.options + ofObjectives.map(Option.init)).map(\.listed) + Backend.options
      + OutputFormat.options + [
        Option("--quiet", help: "Show no progress.")
      ],
    examples: [
      Example(
        "iwae-gpu sweep --data mnist --objectives vae,iwae --samples 1,5,50 --seeds 0,1,2 --out runs/sweep",
        "Train every combination"),
      Example(
        "iwae-gpu sweep --merge runs/first,runs/second --out runs/sweep",
        "Put the results of shards together"),
    ],
    isForRanks: true,
    run: { try runSweep($0, $1) })
}

private func runSweep(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let place = try Display.figures(arguments, "--figures") ?? .nowhere
  let (folder, grid, source) = try requestedSweep(arguments)
  let merged = mergedFolders(arguments)
  let sweep = try Sweep(grid, in: folder, images: source, shard: try shard(arguments))
  if let warning = grid.base.model.warning { terminal.error(onOneLine(warning)) }
  var (report, isWhole) =
    try merged.map { try sweep.merge($0, note: display.line.keep) }
    ?? sweep.run(in: display.surroundings(arguments))
  report.listFigures(in: place)
  try display.result(report, report.text, table: report.table)
  try report.copyFigures(to: place)
  if merged != nil { return isWhole ? .done : .failed }
  guard isWhole else {
    display.line.keep(
      "Interrupted and saved. Go on with: iwae-gpu sweep --resume \(quotedForShell(folder))")
    return .interrupted
  }
  return report.failed == 0 ? .done : .failed
}

extension Command.Option {
  /// The option as a sweep takes it: with commas between values.
  fileprivate var listed: Command.Option {
    guard Setting.named(name) != nil else { return self }
    var result = self
    result.choices = nil
    return result
  }
}

extension Display {
  /// The devices on which cells run, and their messages on this display.
  func surroundings(_ arguments: ParsedArguments) -> CellRunner.Surroundings {
    CellRunner.Surroundings(
      open: { try Backend.open(arguments) }, reference: ReferenceDevice(),
      note: { line.keep($0) }, monitor: { show($0.text) })
  }
}

/// The share of the cells that is to be run.
private func shard(_ arguments: ParsedArguments) throws -> CellShare {
  guard arguments.string("--merge") == nil || Launch.ranks.count == 1 else {
    throw arguments.error("'--merge' is the work of one process.")
  }
  guard let text = arguments.string("--shard") else { return .whole }
  guard let shard = CellShare(text) else {
    throw arguments.error(
      "The value '\(text)' is invalid for '--shard': expected a share and their number, as 2/5.")
  }
  guard arguments.string("--merge") == nil else {
    throw arguments.error("'--merge' takes over what shards finished; leave out '--shard'.")
  }
  return shard
}

/// The folders whose finished cells are to be taken over; nil where none are.
private func mergedFolders(_ arguments: ParsedArguments) -> [String]? {
  arguments.string("--merge")?.split(separator: ",").map(String.init)
}

/// Refuses folders to merge of which one is the sweep's own, or is not there, before anything is made.
private func check(
  _ merged: [String], into folder: String, _ arguments: ParsedArguments
) throws {
  for other in merged {
    guard RunFolder.isFolder(other) else {
      throw FileAccessError(
        "'\(other)' is no folder: '--merge' takes the folders in which shards ran, with commas between "
          + "them.")
    }
    if let one = try FileCalls.status(other), let own = try FileCalls.status(folder),
      (one.st_dev, one.st_ino) == (own.st_dev, own.st_ino)
    {
      throw arguments.error(
        "'\(other)' is the folder to merge into, and keeps what it has. Leave it out of '--merge'.")
    }
  }
}

/// The sweep that the flags describe, or go on with.
private func requestedSweep(
  _ arguments: ParsedArguments
) throws -> (folder: String, grid: Grid, source: DataSource) {
  let merged = mergedFolders(arguments)
  if let merged, merged.isEmpty {
    throw arguments.error("'--merge' names no folder.")
  }
  if let stored = merged?[0] ?? arguments.string("--resume") {
    let changeable =
      [
        "--resume", "--shard", "--backend", "--device", "--trust-driver", "--format", "--json",
        "--quiet", "--figures",
      ]
      + (merged == nil ? [] : ["--merge", "--out"]) + Setting.data.filter(\.isOfData).map(\.flag)
    if let flag = arguments.given.subtracting(changeable).sorted().first {
      throw arguments.error(
        "'\(flag)' cannot change when a sweep is resumed or merged. To add to the grid, run the command "
          + "again with more values.")
    }
    let folder = try arguments.string("--resume") ?? arguments.required("--out")
    try check(merged ?? [], into: folder, arguments)
    var grid = try Sweep.stored(in: stored)
    try grid.base.applyImages(arguments)
    return (folder, grid, try DataOptions.source(arguments, grid.base))
  }
  let folder = try arguments.required("--out")
  try checkNoRun(in: folder, arguments)
  let source = try DataOptions.source(arguments, .usual)
  return (folder, try grid(arguments, source), source)
}

/// Refuses the folder of a run for what keeps many.
func checkNoRun(in folder: String, _ arguments: ParsedArguments) throws(UsageError) {
  let folder = RunFolder(folder)
  guard folder.exists, !folder.isOfSweep else { return }
  throw arguments.error("There is a run in '\(folder.path)'. Choose another '--out'.")
}

/// The settings of some objectives that have no axis of their own.
private let ofObjectives = Setting.ofObjectives.filter { !Grid.ownAxes.contains($0.key) }

private func grid(_ arguments: ParsedArguments, _ source: DataSource) throws -> Grid {
  var base = RunConfiguration()
  // The objective, its samples and the seeds are axes of the grid, and so is what has several values.
  let settings = RunOptions.settings.filter { $0.key != "data" } + ofObjectives
  let varied = settings.filter {
    $0.key != "test" && arguments.string($0.flag)?.contains(",") == true
  }
  let layers = Model.list(of: arguments.string("--layers") ?? "")
  try base.apply(
    layers.count > 1 ? arguments.replacing("--layers", with: layers[0]) : arguments,
    settings.filter { setting in !varied.contains { $0.key == setting.key } }, source: source)
  var grid = Grid(base: base)
  for setting in varied { try grid.vary(setting.key, over: arguments.string(setting.flag) ?? "") }
  if layers.count > 1 {
    try grid.vary(Grid.layers, over: layers.joined(separator: ","))
  }
  let isPreset = arguments.string("--preset") != nil
  grid.objectives = try ObjectiveOptions.list(
    arguments, default: isPreset ? ["miwae", "piwae"] : grid.objectives)
  grid.estimators = try arguments.names(
    "--estimators", default: grid.estimators.map(\.rawValue),
    among: Objective.Estimator.allCases.map(\.rawValue)
  ).compactMap(Objective.Estimator.init)
  if isPreset {
    if let flag = arguments.given.intersection(["--groups", "--samples"]).sorted().first {
      throw arguments.error("'--preset' says the groups and samples; leave out '\(flag)'.")
    }
    grid.sizes = (0...6).map { .init(groups: 1 << $0, samples: 64 >> $0) }
  } else {
    let samples = try arguments.list("--samples", of: .samples, \.samples, [50])
    grid.sizes = try arguments.list("--groups", of: .groups, \.groups, [1]).flatMap { groups in
      samples.map { .init(groups: groups, samples: $0) }
    }
  }
  grid.betas = try arguments.list("--betas", of: .beta, \.beta, grid.betas)
  grid.alphas = try arguments.list("--alphas", of: .alpha, \.alpha, grid.alphas)
  grid.seeds = try arguments.seeds(default: grid.seeds)
  return grid
}
