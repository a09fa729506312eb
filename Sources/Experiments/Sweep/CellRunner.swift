import Artifacts
import Compute
import Files
import Foundation
import IWAE

/// Makes the runs of cells that are not made yet.
public final class CellRunner {
  public let folder: String
  public let images: RunImages
  /// Evaluates the bound with so many samples too.
  public let boundSamples: Int?
  /// Processes that run the cells together, each some.
  let ranks: any Ranks
  let share: CellShare
  /// Held by the first of the ranks for all of them: on the folder, and on a share of its cells.
  private let locks: [FolderLock]
  /// The results of finished cells, by their names.
  public internal(set) var results: [String: CellResult] = [:]
  /// The differences of the images from those of runs that are there, as far as they were looked for.
  var differences: [DataIdentity: String?] = [:]

  /// The devices on which cells run, and the listeners.
  public struct Surroundings {
    /// Opens the device, if there is something to do. It is closed when all is done.
    public var open: () throws -> any Device
    /// The device on which a density at fault is looked for.
    public var reference: (any Device)?
    /// Told what is worth a line that stays.
    public var note: (String) -> Void
    /// Told how far it is; returns whether to go on.
    public var monitor: (CellProgress) -> Bool

    public init(
      open: @escaping () throws -> any Device, reference: (any Device)? = nil,
      note: @escaping (String) -> Void = { _ in },
      monitor: @escaping (CellProgress) -> Bool = { _ in true }
    ) {
      (self.open, self.reference, self.note, self.monitor) = (open, reference, note, monitor)
    }
  }

  /// - Parameters:
  ///   - folder: The folder of the cells; nobody else may work there as long as this exists.
  ///   - images: The images of all cells.
  ///   - boundSamples: The samples of the further bound that each is measured by; nil for none.
  ///   - shard: The cells to run, where other processes, which know nothing of this one, run others.
  ///   - ranks: Processes that run them together.
  ///   - time: The time within which all of them must see the folder.
  public init(
    _ folder: String, images: RunImages, boundSamples: Int? = nil, shard: CellShare = .whole,
    ranks: any Ranks = Launch.ranks, seenWithin time: Duration = .seconds(40)
  ) throws {
    (self.folder, self.images, self.boundSamples) = (folder, images, boundSamples)
    self.ranks = ranks
    share = ranks.count > 1 ? CellShare(of: ranks) : shard
    if ranks.isFirst { try RunFolder(folder).create() }
    let isShard = shard != .whole
    let lock: FolderLock? = try ranks.isFirst ? FolderLock(folder, isShared: isShard) : nil
    // Two that run one share would meet in each cell, and call it failed.
    let own: FolderLock? = try ranks.isFirst && isShard ? FolderLock(folder, shard: shard) : nil
    locks = [lock, own].compactMap(\.self)
    try ranks.agree(on: [Fact("the data", "\(images.identity.withoutChoice)")])
    try Self.checkIsOne(folder, of: ranks, within: time)
  }

  /// Finds the results of cells that are finished; returns the others.
  func unfinished(_ cells: [Cell]) throws -> [Cell] {
    var waiting: [Cell] = []
    for cell in cells {
      try checkConfiguration(cell)
      if let result = kept(cell), boundSamples == nil || result.bound != nil {
        results[cell.name] = result
      } else {
        waiting.append(cell)
      }
    }
    return waiting
  }

  /// Runs the cells, but for those that are finished, and for those that other processes run.
  ///
  /// - Returns: True if all of this process's, and of its ranks', were run; else the monitor stopped.
  public func run(_ cells: [Cell], in surroundings: Surroundings) throws -> Bool {
    let found = try unfinished(cells).map(\.name)
    // What the first found counts for all: file systems may show others of what is new later.
    let names = try ranks.broadcast(found.joined(separator: "\n")).split(separator: "\n")
    let waiting = cells.filter { names.contains(Substring($0.name)) }
    let own = try own(waiting, of: cells)
    if results.count > 0 {
      surroundings.note("\(results.count) of \(cells.count) cells are finished.")
    }
    if waiting.isEmpty { return true }
    let device = try surroundings.open()
    defer { device.close() }
    // A cell is one process's, and its result names the device: others may have others.
    device.ranks = OneProcess()
    let finished = own.count == waiting.count ? cells.count - waiting.count : 0
    let isWhole = try run(own, after: finished, on: device, in: surroundings)
    return try collect(own, isWhole: isWhole)
  }

  private func run(
    _ waiting: [Cell], after finished: Int, on device: any Device, in surroundings: Surroundings
  ) throws -> Bool {
    let work = waiting.map { cell in
      self.work(cell, after: progress(of: cell, RunFolder(path(cell)).record)?.pass ?? 0)
    }
    var clock = CellClock(total: work.reduce(0, +))
    for (index, cell) in waiting.enumerated() {
      let monitor: ProgressMonitor = { [clock] progress in
        surroundings.monitor(
          CellProgress(
            run: progress, cell: finished + index + 1, cells: finished + waiting.count,
            name: cell.name, secondsLeft: clock.left))
      }
      try keepTry(of: cell)
      do {
        guard let result = try make(cell, device, surroundings.reference, monitor) else {
          return false
        }
        results[cell.name] = result
        forgetTry(of: cell)
      } catch  where Self.isOfCell(error) {
        surroundings.note("\(cell.name) failed: \(error)")
        results[cell.name] = CellResult(
          seed: cell.configuration.seed, run: path(cell), failure: "\(error)")
      }
      clock.finish(work[index])
    }
    return true
  }

  /// True if other cells may do better: files that cannot be written, wrong settings and a device that is
  /// gone are the same for all.
  private static func isOfCell(_ error: any Error) -> Bool {
    let cause = (error as? RunError)?.cause ?? error
    if case DeviceError.callFailed = cause { return false }
    return !(cause is FileAccessError || cause is ConfigurationError)
  }

  func path(_ cell: Cell) -> String { "\(folder)/\(cell.name)" }

  /// Checks that what is in a cell's folder is the cell's run, or the beginning of it.
  private func checkConfiguration(_ cell: Cell) throws {
    let training = try cell.configuration.training()
    guard var stored = try stored(cell) else { return }
    // Passes whose rates do not depend on their number can be added to.
    if training.schedule.isAbsolute && cell.configuration.patience == 0 {
      stored.passes = max(stored.passes, cell.configuration.passes)
    }
    let differences = Differences.between(stored.ofAnyData, cell.configuration.ofAnyData)
    guard differences.isEmpty else {
      throw RunError(
        description: "'\(path(cell))' holds another run: \(differences.joined(separator: "; ")). "
          + "Take it away, or choose another folder.")
    }
  }

  /// The result of a cell whose run is finished and evaluated as asked, perhaps without its bound;
  /// nil if something is left to do before.
  ///
  /// - Parameters:
  ///   - cell: The cell.
  ///   - folder: The folder of cells where it is; nil for this one's.
  func kept(_ cell: Cell, in folder: String? = nil) -> CellResult? {
    let run = RunFolder("\(folder ?? self.folder)/\(cell.name)")
    guard let stored = try? stored(cell, in: run),
      Differences.between(stored.ofAnyData, cell.configuration.ofAnyData).isEmpty,
      let record = run.record, let progress = progress(of: cell, record),
      cell.configuration.isFinished(at: progress)
    else { return nil }
    func report(_ file: String, samples: Int) -> EvaluationReport? {
      guard let report = EvaluationReport(file: file, of: cell.configuration.model),
        report.step == progress.step, report.samples == samples, report.images == tested(cell).count
      else { return nil }
      return report
    }
    guard let evaluation = report(run.evaluation, samples: cell.configuration.testSamples) else {
      return nil
    }
    return CellResult(
      seed: cell.configuration.seed, run: run.path,
      trainSeconds: record.seconds,
      evaluation: evaluation, bound: boundSamples.flatMap { report(run.bound, samples: $0) })
  }

  /// The point that a cell's training had come to; nil where nothing says so, or what no training comes to.
  private func progress(of cell: Cell, _ record: TrainingRecord?) -> TrainingProgress? {
    guard let progress = record?.progress,
      progress.problem(
        images: images.split.training.count, batchSize: cell.configuration.batch,
        leaves: cell.configuration.leaves) == nil
    else { return nil }
    return progress
  }

  /// True if a cell's run here is trained to its end.
  func isTrained(_ cell: Cell) -> Bool {
    let progress = progress(of: cell, RunFolder(path(cell)).record)
    return progress.map(cell.configuration.isFinished(at:)) ?? false
  }

  /// The images that a cell is tested on.
  func tested(_ cell: Cell) -> ImageSet {
    cell.configuration.testing.images(of: images.split)
  }

  /// Does what is left of a cell; nil if it was stopped.
  private func make(
    _ cell: Cell, _ device: any Device, _ reference: (any Device)?,
    _ monitor: @escaping ProgressMonitor
  ) throws -> CellResult? {
    guard var result = try kept(cell) ?? trained(cell, device, reference, monitor) else {
      return nil
    }
    guard let boundSamples, result.bound == nil else { return result }
    let folder = RunFolder(path(cell))
    let checkpoint = try Checkpoint(at: folder.path, best: true)
    let bound = try ModelEvaluation(
      checkpoint.model, parameters: checkpoint.parameters, images: tested(cell),
      samples: boundSamples,
      binarization: try cell.configuration.training().binarization,
      seed: cell.configuration.seed
    ).run(on: device, monitor: monitor)
    guard var bound else { return nil }
    bound.step = result.evaluation?.step
    let lock = try FolderLock(folder.path)
    defer { withExtendedLifetime(lock) {} }
    try Files.write(try JSONText.data(bound), to: folder.bound, mode: folder.permissions)
    result.bound = bound
    return result
  }

  /// Trains and evaluates a cell; nil if it was stopped.
  private func trained(
    _ cell: Cell, _ device: any Device, _ reference: (any Device)?,
    _ monitor: @escaping ProgressMonitor
  ) throws -> CellResult? {
    let folder = RunFolder(path(cell))
    let run =
      try FileManager.default.fileExists(atPath: folder.checkpoint)
      ? Run(resuming: folder, as: cell.configuration, images: images)
      : Run(cell.configuration, in: folder, images: images)
    guard let report = try run.train(on: device, reference: reference, monitor: monitor),
      let evaluation = report.evaluation
    else { return nil }
    return CellResult(
      seed: cell.configuration.seed, run: folder.path, trainSeconds: report.trainSeconds,
      evaluation: evaluation)
  }
}
