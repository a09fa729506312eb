import Artifacts
import Compute
import Datasets
import Files
import Foundation
import IWAE

/// The images that runs work on.
struct RunImages {
  let source: DataSource
  let split: Split

  init(
    _ source: DataSource, for configuration: RunConfiguration, _ arguments: ParsedArguments
  ) throws {
    self.source = source
    split = try source.prepared(for: configuration.model, try configuration.binarization())
      .split(try configuration.splitRule(), arguments)
  }
}

/// How thoroughly a run is tested.
struct TestPlan: Codable, Equatable {
  /// Samples of each image.
  var samples = 5000
  /// Only so many images; nil for all.
  var limit: Int?
}

/// A training run, from its configuration to its folder.
final class TrainingRun {
  let configuration: RunConfiguration
  let training: TrainingConfiguration
  let images: RunImages
  let test: TestPlan
  let folder: RunFolder
  let resumed: Checkpoint?
  let line: ProgressLine
  let interrupt: Interrupt
  var seconds = 0.0
  var lastBound: Double?
  var lastSave = ContinuousClock.now
  var saveProblem: (any Error)?
  var events: EventFile?

  /// - Parameters:
  ///   - folder: Where it goes. What is there is replaced unless the run is resumed.
  ///   - resumed: The checkpoint at which it goes on.
  init(
    _ configuration: RunConfiguration, in folder: RunFolder, resumed: Checkpoint? = nil,
    images: RunImages, test: TestPlan, line: ProgressLine, interrupt: Interrupt
  ) throws {
    self.configuration = configuration
    self.images = images
    self.test = test
    self.folder = folder
    self.resumed = resumed
    self.line = line
    self.interrupt = interrupt
    training = try configuration.training()
    if let resumed, resumed.model != configuration.model {
      throw FormatError(
        file: folder.checkpoint, problem: "its model is not the one of config.json.")
    }
  }

  /// Trains and evaluates.
  ///
  /// - Returns: Nil if interrupted while it trained; its report has no evaluation if interrupted
  ///   later.
  func train(on device: any Device) throws -> TrainReport? {
    let trainer = try makeTrainer(images.split, device)
    if resumed == nil { try checkDensities(trainer, device) }
    // Only now, when everything that could be wrong has been tried, does an old run go.
    try folder.create()
    if resumed == nil {
      folder.clear()
    } else if !isDone(trainer) {
      folder.clearFindings()
    }
    try writeConfiguration()
    events = try EventFile(
      folder: folder.path, resumedAfterStep: resumed == nil ? nil : trainer.progress.step)
    var best = try resumedBest(trainer)
    do {
      if resumed == nil { try save(trainer) }
      guard try trainPasses(trainer, &best) else { return nil }
      try save(trainer)
    } catch let error as TrainingError {
      throw CommandError(
        message: "\(error) The last good checkpoint is in '\(folder.path)'.", code: .failed)
    }
    return try conclude(trainer, best: best, device)
  }

  private func isDone(_ trainer: Trainer) -> Bool {
    configuration.isFinished(at: trainer.progress)
  }

  // MARK: Passes

  /// - Returns: Whether all passes are made; else the run was interrupted and saved.
  private func trainPasses(_ trainer: Trainer, _ best: inout [Tensor: [Float]]?) throws -> Bool {
    while !isDone(trainer) {
      let report = try trainPass(trainer)
      if report?.isBest == true && configuration.keep == "best" {
        best = try trainer.state()
        try write(best ?? [:], trainer, to: folder.best)
      }
      if report == nil || interrupt.isRequested && !trainer.isDone {
        try save(trainer)
        return false
      }
      if ContinuousClock.now - lastSave > .seconds(5) { try save(trainer) }
    }
    return true
  }

  func trainPass(_ trainer: Trainer) throws -> PassReport? {
    let clock = ContinuousClock()
    let begin = (time: clock.now, step: trainer.progress.step)
    let report = try trainer.finishPass { [self] bound in
      let now = clock.now
      let steps = trainer.progress.step - begin.step
      show(trainer, bound: bound, secondsAStep: (now - begin.time) / .seconds(1) / Double(steps))
      if now - lastSave > .seconds(60), !interrupt.isRequested {
        saveProblem = attemptSave(trainer)
      }
      return !interrupt.isRequested && saveProblem == nil
    }
    if let saveProblem { throw saveProblem }
    seconds += (clock.now - begin.time) / .seconds(1)
    guard let report else { return nil }
    lastBound = report.bound
    let metrics = Metrics(
      step: report.progress.step, epoch: report.progress.pass, bound: report.bound,
      learningRate: report.learningRate, validation: report.validation, trainSeconds: seconds)
    try folder.append(metrics)
    try events?.scalars(metrics.scalars, step: metrics.step)
    let steps = Double(max(trainer.progress.step - begin.step, 1))
    show(
      trainer, bound: report.bound,
      secondsAStep: (clock.now - begin.time) / .seconds(1) / steps)
    return report
  }

  func show(_ trainer: Trainer, bound: Double, secondsAStep: Double) {
    let total = Double(configuration.passes) * Double(trainer.batchesPerPass)
    let left = (total - Double(trainer.progress.step)) * secondsAStep
    line.show(
      "pass \(min(trainer.progress.pass + 1, configuration.passes)) of \(configuration.passes)  "
        + "bound \(String(format: "%.2f", bound))  "
        + "\(String(format: "%.0f", Double(trainer.batchSize) / secondsAStep)) images/s  "
        + "\(readable(.seconds(left))) left")
  }
}
