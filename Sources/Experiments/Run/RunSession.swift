import Artifacts
import Compute
import Files
import Foundation
import IWAE

/// A run while it goes on.
final class RunSession {
  let run: Run
  let device: any Device
  /// What `Run.train` calls so.
  private let reference: (any Device)?
  let trainer: Trainer
  var seconds: Double
  var lastSave = ContinuousClock.now
  /// The digest of the tensors of the newest checkpoint.
  var digest: String?
  /// True on the rank that writes; others train along.
  let isFirst: Bool
  private var lastBound: Double?
  /// The last step that may be among the events.
  private var lastBlock = 0
  private var saveProblem: (any Error)?
  private(set) var events: EventFile?
  private let observe: (PassReport) -> Void
  private let monitor: ProgressMonitor
  private var isStopped = false

  init(
    _ run: Run, on device: any Device, reference: (any Device)?,
    observe: @escaping (PassReport) -> Void, monitor: @escaping ProgressMonitor
  ) throws {
    (self.run, self.device, self.reference) = (run, device, reference)
    isFirst = device.ranks.isFirst
    (self.observe, self.monitor) = (observe, monitor)
    trainer = try run.makeTrainer(on: device, reference: reference, monitor: monitor)
    lastBlock = trainer.progress.step
    seconds = (run.resumed ?? run.continued)?.trainSeconds ?? 0
    trainer.observeBlock = { [unowned self] step, bound in
      do {
        // A pass that begins again makes the same steps: those of the first time are void.
        if step <= lastBlock { try events?.restart(at: step) }
        lastBlock = step
        try events?.scalars([("bound_by_step", bound)], step: step)
      } catch { saveProblem = error }
    }
  }

  /// - Parameter isUnwanted: Asked before anything is replaced; if so, nothing is done.
  func train(unless isUnwanted: () -> Bool = { false }) throws -> RunReport? {
    let folder = run.folder
    try device.ranks.agree(on: try run.agreements(on: device, trainer))
    if run.resumed == nil { try checkDensities(reference: reference) }
    if try device.ranks.isTrueOfAny(isUnwanted()) { return nil }
    guard isFirst else { return try trainAndEvaluate(best: try resumedBest) }
    // Only now, when everything that could be wrong has been tried, does an old run go.
    try folder.create()
    let lock = try FolderLock(folder.path)
    defer { withExtendedLifetime(lock) {} }
    guard folder.record == run.found else {
      throw RunError(
        description:
          "'\(folder.path)' was written, by another process or by this run itself, since the "
          + "run was described: nothing was done. Describe it anew, or begin again.")
    }
    let best = try resumedBest
    let permissions = folder.permissions
    if run.resumed == nil {
      try folder.clear()
    } else {
      try folder.truncateMetrics(afterStep: trainer.progress.step)
      if !isDone { folder.clearFindings() }
    }
    try Files.write(try run.configuration.file, to: folder.configuration, mode: permissions)
    events = try EventFile(
      folder: folder.path, resumedAfterStep: run.resumed == nil ? nil : trainer.progress.step,
      mode: permissions)
    try events?.text(
      "settings", run.configuration.settingTable.markdown, step: trainer.progress.step)
    let report = try trainAndEvaluate(best: best)
    try events?.close()
    return report
  }

  private func trainAndEvaluate(best: [Tensor: [Float]]?) throws -> RunReport? {
    var best = best
    do {
      if run.resumed == nil { try save() }
      // Whoever was killed before the file of the best was written has it in the checkpoint.
      let step = trainer.progress.step
      if let best, trainer.progress.isBest, run.folder.bestRecord?.progress?.step != step {
        try write(best, to: run.folder.best)
      }
      guard try trainPasses(&best) else { return nil }
      try save()
      return try conclude(best: best)
    } catch {
      guard run.folder.hasCheckpoint else { throw error }
      throw RunError(
        description: "\(sentence("\(error)")) The last good checkpoint is in "
          + "'\(onOneLine(run.folder.path))'.",
        cause: error)
    }
  }

  private var isDone: Bool { run.configuration.isFinished(at: trainer.progress) }

  /// True if the monitor wants to go on; once it did not, it is not asked again.
  private func goesOn(_ progress: RunProgress) -> Bool {
    if !isStopped { isStopped = !monitor(progress) }
    return !isStopped
  }

  // MARK: Passes

  /// - Returns: True if all passes are made; else the run was stopped and saved.
  private func trainPasses(_ best: inout [Tensor: [Float]]?) throws -> Bool {
    while !isDone {
      let report = try trainPass()
      if report?.isBest == true && run.configuration.keep == .best {
        // In this order, so that the file of the best is never of later than the checkpoint.
        let state = try save().best
        try write(state, to: run.folder.best)
        best = state
      }
      // What one rank wants, all do.
      isStopped = try device.ranks.isTrueOfAny(isStopped)
      if report == nil || isStopped && !trainer.isDone {
        try save()
        return false
      }
      if ContinuousClock.now - lastSave > .seconds(5) { try save() }
    }
    return true
  }

  private func trainPass() throws -> PassReport? {
    guard trainer.progress.step <= Trainer.mostSteps - trainer.batchesPerPass else {
      throw RunError(
        description:
          "'\(run.folder.path)' has had the \(trainer.progress.step) steps that noise has "
          + "addresses for.")
    }
    let clock = ContinuousClock()
    let begin = (time: clock.now, step: trainer.progress.step)
    func progress(_ bound: Double) -> RunProgress {
      let steps = Double(max(trainer.progress.step - begin.step, 1))
      return self.progress(
        bound: bound, secondsAStep: (clock.now - begin.time) / .seconds(1) / steps)
    }
    let report = try trainer.finishPass { bound in
      let goesOn = goesOn(progress(bound))
      if clock.now - lastSave > .seconds(60), goesOn {
        do { try save() } catch { saveProblem = error }
      }
      return goesOn && saveProblem == nil
    }
    if let saveProblem { throw saveProblem }
    seconds += (clock.now - begin.time) / .seconds(1)
    guard let report else { return nil }
    try device.ranks.agree(
      on: [Fact("its parameters after pass \(report.progress.pass)", try trainer.state())])
    lastBound = report.bound
    let metrics = MetricsLine(report, trainSeconds: seconds)
    if isFirst { try run.folder.append(metrics) }
    try events?.scalars(metrics.scalars, step: metrics.step)
    observe(report)
    _ = goesOn(progress(report.bound))
    return report
  }

  private func progress(bound: Double, secondsAStep: Double) -> RunProgress {
    let passes = run.configuration.passes
    let total = Double(passes) * Double(trainer.batchesPerPass)
    return RunProgress(
      stage: .training(pass: min(trainer.progress.pass + 1, passes), of: passes, bound: bound),
      setbacks: setbacks(
        skippedSteps: trainer.progress.skippedSteps, rateHalvings: trainer.progress.rateHalvings),
      imagesPerSecond: Double(trainer.batchSize) / secondsAStep,
      secondsLeft: (total - Double(trainer.progress.step)) * secondsAStep)
  }

  // MARK: Ending

  private func conclude(best: [Tensor: [Float]]?) throws -> RunReport {
    let parameters = try (best ?? trainer.state()).tested
    let configuration = run.configuration
    var images: [CertifiedImage] = []
    var evaluation = try ModelEvaluation(
      configuration.model, parameters: parameters,
      images: configuration.testing.images(of: run.images.split),
      activity: run.images.split.training.first(configuration.activityImages),
      samples: configuration.testSamples, binarization: run.training.binarization,
      seed: configuration.seed
    ).run(on: device, monitor: goesOn) { images = $0 }
    let step = trainer.progress.step
    evaluation?.step = step
    if let evaluation, isFirst {
      try run.folder.keep(evaluation, images)
      try record(evaluation, parameters, step: step)
    }
    let reduction = device.ranks.count > 1 ? trainer.reduction : nil
    return RunReport(
      run: run.folder.path, steps: step, passes: trainer.progress.pass, bound: lastBound,
      validation: trainer.progress.bestValidation,
      skippedSteps: trainer.progress.skippedSteps, rateHalvings: trainer.progress.rateHalvings,
      trainSeconds: seconds, digest: digest,
      reductionMilliseconds: reduction.map { 1e3 * $0.seconds },
      reductionBytes: reduction?.bytes, evaluation: evaluation,
      backend: device.backend, device: device.name)
  }
}

/// Why a run ended early.
public struct RunError: Error, Sendable, CustomStringConvertible {
  public var description: String
  /// The error that ended it; nil where this is the first to say so.
  public var cause: (any Error)?
}
