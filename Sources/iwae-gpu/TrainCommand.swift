import Artifacts
import Commands
import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice

extension Command {
  static let train = Command(
    name: "train",
    abstract: "Train a model; with no options, on built-in data for about a minute.",
    options: [
      Option("--out", "folder", help: "The run folder. (default: a new one under runs)"),
      Option("--config", "file", help: "Start from another run's config.json; flags go on top."),
      Option(
        "--resume", "folder",
        help:
          "Go on with a run where its newest checkpoint stands; with '--out' as a new run, whose "
          + "settings may be others."),
      Option("--overwrite", help: "Replace a run that is in the folder already."),
    ] + RunOptions.options + [
      Option(.seed)
    ] + StepOptions.objective + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example("iwae-gpu train", "Train on built-in data"),
      Example(
        "iwae-gpu train --data mnist --objective iwae -k 50 --out runs/iwae",
        "Train as in the IWAE paper"),
      Example("iwae-gpu train --resume runs/iwae --passes 100", "Go on"),
      Example(
        "iwae-gpu train --resume runs/iwae --out runs/more -k 100 --passes 100",
        "Go on as a new run, with other settings"),
      Example(
        "iwae-gpu train --data table.npy --likelihood gaussian --standardize",
        "Train on a table of one's own"),
    ],
    isForRanks: true,
    run: { try runTrain($0, $1) })
}

private func runTrain(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  var notes: [String] = []
  let run = try run(arguments, &notes)
  // A new folder is of no use if nothing was trained.
  defer {
    if arguments.string("--out") == nil, Launch.ranks.isFirst { run.folder.removeIfEmpty() }
  }
  let display = Display(arguments, terminal)
  let folder = run.folder.path
  let device = try Backend.open(arguments)
  defer { device.close() }
  display.line.keep(
    "\(run.configuration.objective) on \(run.configuration.data): "
      + "\(run.images.split.training.count) images, \(run.configuration.passes) passes, on "
      + "\(device.name). Run folder: \(folder)")
  display.note(run.images.source.collection.notes + notes)
  if let start = run.warmStart {
    if start.isWhole { display.note(start.notes) } else { display.warn(start.notes) }
  }
  display.warn(
    run.configuration.idle(Setting.all.filter { arguments.given.contains($0.flag) }).map {
      "'\($0.flag)' changes nothing beside the other settings"
    })
  if let path = arguments.string("--resume"), !run.isResumed, !run.isContinuation {
    terminal.error(
      "Nothing had been saved in '\(onOneLine(path))': the run starts from its beginning.")
  }
  if !run.isResumed, let warning = run.configuration.model.warning {
    terminal.error(onOneLine(warning))
  }
  let report = try run.train(
    on: device, reference: ReferenceDevice(), monitor: { display.show($0.text) })
  display.line.clear()
  guard let report else {
    display.line.keep(
      "Interrupted and saved. Go on with: iwae-gpu train --resume \(quotedForShell(folder))")
    return .interrupted
  }
  let hasBest = FileManager.default.fileExists(atPath: run.folder.best)
  try display.result(report, text(report, hasBest: hasBest, passes: run.configuration.passes))
  return report.evaluation == nil ? .interrupted : .done
}

/// The run that the flags describe, or go on with.
///
/// - Parameter notes: What should be known of it.
private func run(_ arguments: ParsedArguments, _ notes: inout [String]) throws -> Run {
  let resume = arguments.string("--resume")
  if let resume { try checkFlags(arguments, resuming: resume) }
  let base = resume.map { RunFolder($0).configuration } ?? arguments.string("--config")
  var configuration = try base.map(configuration(file:)) ?? RunConfiguration()
  let source = try DataOptions.source(arguments, configuration)
  if let resume, let out = arguments.string("--out") {
    let folder = RunFolder(out)
    try checkReplacing(folder, arguments)
    let run = try Run(continuing: RunFolder(resume), in: folder, images: source) {
      try $0.apply(arguments, source: source)
    }
    notes.append(
      "the run goes on from step \(run.configuration.origin?.step ?? 0) of '\(resume)', which stays as "
        + "it is")
    if run.configuration.schedule == .cosine {
      notes.append(
        "the cosine schedule falls over all \(run.configuration.passes) passes, so that the learning rate "
          + "goes on from where that is, not from where the other had come to")
    }
    return run
  }
  if let resume {
    return try Run(resuming: RunFolder(resume), images: source) {
      let passes = $0.passes
      try $0.apply(arguments, source: source)
      if $0.schedule == .cosine, $0.passes != passes {
        notes.append(
          "the cosine schedule now falls over \($0.passes) passes instead of \(passes), so that the "
            + "learning rate goes on from another value than it had come to")
      }
    }
  }
  try configuration.apply(arguments, source: source)
  let isByProcesses = base == nil && arguments.string("--leaves") == nil
  if isByProcesses { try configuration.setLeaves(processes: Launch.ranks.count) }
  _ = try configuration.training()
  let images = try RunImages(source, for: configuration)
  if isByProcesses {
    try configuration.setLeaves(
      processes: Launch.ranks.count, images: images.split.training.count)
  }
  let folder = try arguments.string("--out").map { RunFolder($0) } ?? newFolder(configuration)
  try checkReplacing(folder, arguments)
  do {
    return try Run(configuration, in: folder, images: images)
  } catch {
    if arguments.string("--out") == nil { folder.removeIfEmpty() }
    throw error
  }
}

/// Refuses flags that make no sense for a run that goes on, in its folder or in another.
private func checkFlags(_ arguments: ParsedArguments, resuming path: String) throws {
  if arguments.string("--config") != nil {
    throw arguments.error("'--resume' names the run; leave out '--config'.")
  }
  let isNew = arguments.string("--out") != nil
  let settings = Setting.all.filter { isNew ? $0.key != "init" : $0.canChange || $0.isOfData }
  let changeable =
    ["--resume", "--backend", "--device", "--trust-driver", "--json", "--quiet"]
    + (isNew ? ["--out", "--overwrite"] : []) + settings.map(\.flag)
  guard let flag = arguments.given.subtracting(changeable).sorted().first else { return }
  guard !isNew else {
    throw arguments.error(
      "'\(flag)' cannot change when a run goes on from another. '--init \(quotedForShell(path))' begins "
        + "one with the parameters that fit.")
  }
  let mayChange = Setting.named(flag).map { $0.key != "init" } ?? false
  throw arguments.error(
    "'\(flag)' cannot change when a run is resumed."
      + (mayChange ? " With '--out' it goes on as a new one, whose settings may be others." : ""))
}

/// Refuses a folder in which there is a run, unless it is to be replaced.
private func checkReplacing(_ folder: RunFolder, _ arguments: ParsedArguments) throws {
  if Launch.ranks.isFirst, folder.isOfSweep {
    throw arguments.error(
      "There is a sweep, or a paper's table, in '\(folder.path)', whose runs have folders of their own. "
        + "Choose another '--out'.")
  }
  guard Launch.ranks.isFirst, folder.exists, !arguments.has("--overwrite") else { return }
  throw arguments.error(
    "There is a run in '\(folder.path)'. Go on with '--resume \(quotedForShell(folder.path))', replace it "
      + "with '--overwrite', or choose another '--out'.")
}

/// A new folder, which the first of several ranks makes.
private func newFolder(_ configuration: RunConfiguration) throws -> RunFolder {
  let ranks = Launch.ranks
  return RunFolder(
    try ranks.broadcast(ranks.isFirst ? RunFolder.new(configuration.label).path : ""))
}

/// The configuration of a file, which has to make sense without flags.
private func configuration(file: String) throws -> RunConfiguration {
  let result = try RunConfiguration(file: file)
  do throws(ConfigurationError) {
    _ = try result.training()
  } catch {
    throw error.inFile(file)
  }
  return result
}

private func text(_ report: RunReport, hasBest: Bool, passes: Int) -> String {
  let run = quotedForShell(report.run)
  let bound =
    setbacks(skippedSteps: report.skippedSteps, rateHalvings: report.rateHalvings)
    + (report.bound.map { String(format: ", bound %.2f in the last pass", $0) } ?? "")
  return """
    Trained \(report.steps) steps in \(readable(.seconds(report.trainSeconds)))\(bound).
    Test: \(report.evaluation?.text ?? "interrupted")
    Tensors of the newest checkpoint: SHA-256 \(report.digest ?? "unknown")
    In \(onOneLine(report.run)): config.json, metrics.jsonl, checkpoint.safetensors\
    \(hasBest ? ", best.safetensors" : "")\
    \(report.evaluation == nil ? "" : ", evaluation.json"), and events for TensorBoard
    Next: iwae-gpu look \(run)
          iwae-gpu report \(run)
          iwae-gpu train --resume \(run) --passes \(passes + 20)
    """
}
