import Artifacts
import Compute
import Files
import Foundation
import IWAE

/// One training run among others, in a folder of its own.
struct Cell {
  /// The name of its folder.
  var name: String
  var configuration: RunConfiguration
}

/// What a cell came to.
struct CellResult: Encodable {
  var seed: UInt64
  /// Its run folder.
  var run: String
  var trainSeconds: Double?
  /// What `evaluate` finds.
  var evaluation: EvaluationReport?
  /// What it finds with the number of samples of a bound, where one was asked for.
  var bound: EvaluationReport?
  /// Why there is no evaluation.
  var failure: String?
}

/// Makes the runs of cells that are not made yet.
final class CellRunner {
  let folder: String
  let images: RunImages
  let test: TestPlan
  let line: ProgressLine
  let interrupt: Interrupt
  /// Evaluates the bound with so many samples too.
  var boundSamples: Int?
  private let lock: FolderLock
  /// What was finished, by the names of the cells.
  private(set) var results: [String: CellResult] = [:]

  /// - Parameter folder: Where the cells are; no other process may work there meanwhile.
  init(
    _ folder: String, images: RunImages, test: TestPlan, line: ProgressLine, interrupt: Interrupt
  ) throws {
    self.folder = folder
    self.images = images
    self.test = test
    self.line = line
    self.interrupt = interrupt
    try RunFolder(folder).create()
    lock = try FolderLock(folder)
  }

  /// Runs the cells, but for those that are finished.
  ///
  /// - Returns: Whether all were run; else the user interrupted.
  func run(_ cells: [Cell], openDevice: () throws -> any Device) throws -> Bool {
    var waiting: [Cell] = []
    for cell in cells {
      try checkConfiguration(cell)
      if let result = kept(cell), boundSamples == nil || result.bound != nil {
        results[cell.name] = result
      } else {
        waiting.append(cell)
      }
    }
    if results.count > 0 { line.keep("\(results.count) of \(cells.count) cells are finished.") }
    if waiting.isEmpty { return true }
    let device = try openDevice()
    let work = waiting.map(work)
    let clock = Progress(total: work.reduce(0, +))
    defer { line.suffix = { "" } }
    for (index, cell) in waiting.enumerated() {
      let number = cells.count - waiting.count + index + 1
      line.suffix = { "  cell \(number) of \(cells.count)\(clock.left), \(cell.name)" }
      do {
        guard let result = try make(cell, device) else { return false }
        results[cell.name] = result
      } catch  where [.failed, .badInput].contains(ExitCode(of: error)) {
        line.keep("\(cell.name) failed: \(error)")
        results[cell.name] = CellResult(
          seed: cell.configuration.seed, run: path(cell), failure: "\(error)")
      }
      clock.finish(work[index])
    }
    return true
  }

  private func path(_ cell: Cell) -> String { "\(folder)/\(cell.name)" }

  /// Checks that what is in a cell's folder is the cell's run, or the beginning of it.
  private func checkConfiguration(_ cell: Cell) throws {
    let training = try cell.configuration.training()
    let file = RunFolder(path(cell)).configuration
    guard FileManager.default.fileExists(atPath: file) else { return }
    var stored = try Inputs.configuration(file)
    // Passes whose rates do not depend on their number can be added to.
    if training.schedule.isAbsolute && cell.configuration.patience == 0 {
      stored.passes = max(stored.passes, cell.configuration.passes)
    }
    let differences = Differences.between(stored, cell.configuration)
    guard differences.isEmpty else {
      throw CommandError(
        message: "'\(path(cell))' holds another run: \(differences.joined(separator: "; ")). Take "
          + "it away, or choose another '--out'.", code: .failed)
    }
  }

  /// What is known of a cell whose run is finished and evaluated as asked, perhaps without its bound;
  /// nil if something is left to do before.
  private func kept(_ cell: Cell) -> CellResult? {
    let run = RunFolder(path(cell))
    guard let stored = try? Inputs.configuration(run.configuration),
      Differences.between(stored, cell.configuration).isEmpty,
      let checkpoint = try? Inputs.checkpoint(run.checkpoint), let progress = checkpoint.progress,
      cell.configuration.isFinished(at: progress)
    else { return nil }
    func report(_ file: String, samples: Int) -> EvaluationReport? {
      let report = (try? Files.read(file)).flatMap {
        try? JSONText.value(EvaluationReport.self, $0)
      }
      guard let report, report.step == progress.step, report.samples == samples,
        report.images == tested.count, report.isUsable(for: cell.configuration.model)
      else { return nil }
      return report
    }
    guard let evaluation = report(run.evaluation, samples: test.samples) else { return nil }
    return CellResult(
      seed: cell.configuration.seed, run: run.path,
      trainSeconds: checkpoint.metadata["train_seconds"].flatMap(Double.init),
      evaluation: evaluation, bound: boundSamples.flatMap { report(run.bound, samples: $0) })
  }

  /// The images that cells are tested on.
  var tested: ImageSet {
    let all = images.split.test
    return all.first(test.limit ?? all.count) ?? all
  }

  /// How much there is to do, in samples walked forwards: enough to tell the time that is left.
  private func work(_ cell: Cell) -> Double {
    let configuration = cell.configuration
    let checkpoint = try? Inputs.checkpoint(RunFolder(path(cell)).checkpoint)
    let passes = max(configuration.passes - (checkpoint?.progress?.pass ?? 0), 0)
    // Backwards costs twice as much again; a step costs something without any samples.
    let samples = 3 * (configuration.groups * configuration.samples + 5)
    return Double(passes) * Double(images.split.training.count) * Double(samples)
      + Double(tested.count) * Double(test.samples)
  }

  /// Does what is left of a cell; nil if interrupted.
  private func make(_ cell: Cell, _ device: any Device) throws -> CellResult? {
    guard var result = try kept(cell) ?? trained(cell, device) else { return nil }
    guard let boundSamples, result.bound == nil else { return result }
    let folder = RunFolder(path(cell))
    let checkpoint = try Inputs.checkpoint(folder.path, best: true)
    let bound = try evaluate(
      checkpoint.model, checkpoint.parameters, tested, samples: boundSamples, device: device,
      seed: cell.configuration.seed, binarization: try cell.configuration.training().binarization,
      line: line, interrupt: interrupt)
    guard var bound else { return nil }
    bound.step = result.evaluation?.step
    try Files.write(try JSONText.data(bound), to: folder.bound)
    result.bound = bound
    return result
  }

  /// Trains and evaluates a cell; nil if interrupted.
  private func trained(_ cell: Cell, _ device: any Device) throws -> CellResult? {
    let folder = RunFolder(path(cell))
    let hasCheckpoint = FileManager.default.fileExists(atPath: folder.checkpoint)
    let run = try TrainingRun(
      cell.configuration, in: folder,
      resumed: hasCheckpoint ? try Inputs.checkpoint(folder.checkpoint) : nil, images: images,
      test: test, line: line, interrupt: interrupt)
    guard let report = try run.train(on: device), let evaluation = report.evaluation else {
      return nil
    }
    return CellResult(
      seed: cell.configuration.seed, run: folder.path, trainSeconds: report.trainSeconds,
      evaluation: evaluation)
  }
}

/// How long the cells that are left will take, judged by those that are done.
private final class Progress {
  private let total: Double
  private var done = 0.0
  private let start = ContinuousClock.now
  private var lastEnd = ContinuousClock.now

  init(total: Double) { self.total = total }

  func finish(_ work: Double) {
    done += work
    lastEnd = ContinuousClock.now
  }

  /// ", 3.0 s left over all", where it can be told.
  var left: String {
    guard done > 0 else { return "" }
    let rest = (lastEnd - start) * ((total - done) / done) - (ContinuousClock.now - lastEnd)
    return ", \(readable(max(rest, .zero))) left over all"
  }
}
