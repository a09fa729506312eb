import Compute

/// The answer to a bound, a parameter or a moment that is no number.
public enum NaNPolicy: String, Hashable, Sendable, CaseIterable {
  /// Training ends; the step and the operation at fault are searched for.
  case stop
  /// The step is left out: parameters and moments stay as they were before it.
  case skip
  /// The pass begins again, and everything from there on has half the learning rate. Of a pass that was
  /// begun by another run, or with another policy, it is what is left.
  case lowerRate = "lower-rate"

  /// The steps of a run that may be left out.
  static let mostSkipped = 1000
  /// The times that a run's learning rate may be halved.
  static let mostHalvings = 10
}

/// A point in a pass to which training may come back.
public struct PassOrigin: Sendable {
  /// Parameters, moments, averages and what the estimator had learnt.
  public var state: [Tensor: [Float]]
  public var progress: TrainingProgress

  public init(state: [Tensor: [Float]], progress: TrainingProgress) {
    (self.state, self.progress) = (state, progress)
  }
}

extension Trainer {
  /// The beginning of the pass that training stands within; nil between passes, and for a policy by which
  /// none begins again. Whoever goes on from here needs it too.
  public var passOrigin: PassOrigin? { progress.batch > 0 ? origin : nil }

  /// Remembers what a pass may come back to.
  func beginPass() throws {
    if uploadedPass != progress.pass { try uploadOrder() }
    guard configuration.onNaN != .stop else { return }
    let state = try state()
    remember(state)
    if configuration.onNaN == .lowerRate && (origin == nil || progress.batch == 0) {
      origin = PassOrigin(state: state, progress: progress)
    }
  }

  /// Leaves nothing that is no number to whoever saves what a run that is stopped has come to.
  func settle() throws {
    guard configuration.onNaN != .stop, try !state().isFinite else { return }
    if try recover() { progress.openBound = try boundTotal() }
  }

  /// Does what the run is configured to do about steps since the snapshot that gave no number.
  ///
  /// - Returns: False if the pass begins again.
  func recover() throws -> Bool {
    switch configuration.onNaN {
    case .stop: throw try diagnose()
    case .skip:
      try skipFaults()
      return true
    case .lowerRate:
      try beginAgain()
      return false
    }
  }

  /// Makes the steps since the snapshot again, but for those at fault.
  private func skipFaults() throws {
    let end = progress.step
    try restore(snapshot, snapshotProgress)
    while progress.step < end {
      let (before, sum) = (try state(), try boundTotal())
      _ = try makeStep(control(for: progress))
      if try !boundTotal().isFinite || !state().isFinite {
        let skipped = progress.skippedSteps ?? []
        guard skipped.count < NaNPolicy.mostSkipped else {
          throw TrainingError.tooManySkipped(step: progress.step, count: skipped.count)
        }
        try restore(before)
        try setBoundTotal(sum)
        progress.skippedSteps = skipped + [progress.step]
      } else {
        pending += 1
      }
      progress.step += 1
      progress.batch += 1
    }
  }

  /// Goes back to where the pass began, with half the learning rate.
  func beginAgain() throws {
    guard let origin, origin.progress.batch < batchesPerPass else {
      // Begun where another run had made all steps of the pass, none of which can be made again.
      throw TrainingError.notANumber(step: progress.step, operation: "validation")
    }
    let halvings = (progress.rateHalvings ?? 0) + 1
    guard halvings <= NaNPolicy.mostHalvings else {
      throw TrainingError.tooManyHalvings(step: progress.step)
    }
    try restore(origin.state, origin.progress)
    progress.rateHalvings = halvings
    remember(origin.state)
  }

  private func restore(_ state: [Tensor: [Float]], _ progress: TrainingProgress) throws {
    try restore(state)
    try setBoundTotal(progress.openBound ?? 0)
    self.progress = progress
    pending = 0
  }

  /// Clipping takes what is no number into all gradients, of which no step writes those of what is held.
  private func restore(_ state: [Tensor: [Float]]) throws {
    try upload(state)
    try memory.clear(model.parameters.map { $0.counterpart(.gradient) })
  }

  /// The steps of the pass under way that were left out.
  var skippedInPass: Int {
    let first = progress.step - progress.batch
    return (progress.skippedSteps ?? []).count { $0 >= first }
  }
}
