import Compute

extension Trainer {
  /// Ends a pass.
  ///
  /// - Parameter evaluation: That of the validation images, where there are any.
  func report(_ evaluation: Evaluation?) -> PassReport {
    let validation = evaluation?.logLikelihood
    let bound = progress.boundSum / Double(progress.boundCount)
    let rate = learningRate(batch: batchesPerPass - 1)
    (progress.boundSum, progress.boundCount) = (0, 0)
    progress.pass += 1
    progress.batch = 0
    var isBest = false
    if let validation {
      isBest = progress.bestValidation.map { validation > $0 } ?? true
      progress.bestValidation = isBest ? validation : progress.bestValidation
      progress.passesSinceBest = isBest ? 0 : progress.passesSinceBest + 1
      progress.bestStep = isBest ? progress.step : progress.bestStep
      if configuration.schedule.isPlateau(afterWorse: progress.passesSinceBest) {
        progress.plateaus = (progress.plateaus ?? 0) + 1
      }
    }
    return PassReport(
      progress: progress, bound: bound, learningRate: rate, validation: validation,
      validationReconstruction: evaluation?.reconstruction,
      validationDivergence: evaluation?.divergence, isBest: isBest)
  }

  /// Waits for the steps so far.
  ///
  /// - Returns: The mean bound of those since the last time; nil if the pass begins again.
  func readBound(closing isBlock: Bool) throws -> Double? {
    var sum = try boundTotal()
    // A bound is that of the parameters before its step's update, which may be the one that went wrong.
    let looksAtAll = configuration.onNaN != .stop && (isBlock || programs.division.isOfParts)
    var state = looksAtAll ? try self.state() : nil
    if !sum.isFinite || state?.isFinite == false {
      guard try recover() else { return nil }
      sum = try boundTotal()
      state = looksAtAll ? try self.state() : nil
    }
    if isBlock {
      try learn()
      state?.merge(mix?.state ?? [:]) { $1 }
    }
    let found = (sum - (progress.openBound ?? 0)) / Double(max(pending, 1))
    pending = 0
    progress.openBound = sum
    if isBlock {
      try setBoundTotal(0)
      let count = progress.batch - skippedInPass
      if count > progress.boundCount {
        observeBlock?(progress.step, sum / Double(count - progress.boundCount))
      }
      progress.boundSum += sum
      progress.boundCount = count
      progress.openBound = nil
    }
    if let state { remember(state) }
    return found
  }
}
