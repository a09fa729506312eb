extension TrainingProgress {
  /// Whatever is wrong with it as a position in a run on so many images, whose batches have so many leaves; nil
  /// for nothing.
  public func problem(images: Int, batchSize: Int, leaves: Int = 1) -> String? {
    let batches = Trainer.batchesPerPass(images: images, batchSize: batchSize)
    let (before, overflow) = pass.multipliedReportingOverflow(by: batches)
    guard pass >= 0, (0...batches).contains(batch), !overflow, step == before + batch else {
      return "step \(step) is not that of batch \(batch) after \(pass) passes of \(batches) batches"
    }
    guard step < Trainer.mostSteps else {
      return "step \(step) is beyond the last, \(Trainer.mostSteps)"
    }
    // Steps may have been left out, and the rate halved, whatever is done about them from now on.
    let skipped = skippedSteps ?? []
    guard skipped.count <= NaNPolicy.mostSkipped, skipped.allSatisfy({ (0..<step).contains($0) }),
      zip(skipped, skipped.dropFirst()).allSatisfy(<)
    else { return "it left out other steps than some of the \(step) that there were" }
    let made = batch - skipped.count { $0 >= step - batch }
    if let problem = problemOfBounds(of: made, inLeaves: leaves > 1) { return problem }
    if let problem = problemOfBest(batches: batches) { return problem }
    guard (0...NaNPolicy.mostHalvings).contains(rateHalvings ?? 0) else {
      return "its learning rate was halved \(rateHalvings ?? 0) times"
    }
    guard (0...pass).contains(plateaus ?? 0) else {
      return "validation became no better for long \(plateaus ?? 0) times in \(pass) passes"
    }
    return nil
  }

  /// The largest mean of log-likelihoods.
  private static let largest = Double(Float.greatestFiniteMagnitude)

  /// Whatever is wrong with the sums of bounds of a pass.
  ///
  /// - Parameters:
  ///   - made: The batches of it that were made and not left out.
  ///   - inLeaves: True if their bounds are added in double precision.
  private func problemOfBounds(of made: Int, inLeaves: Bool) -> String? {
    guard (0...made).contains(boundCount), abs(boundSum) <= Double(boundCount) * Self.largest
    else {
      return "\(boundSum) is no sum of the bounds of \(boundCount) of \(made) batches"
    }
    let open = made - boundCount
    guard abs(openBound ?? 0) <= Double(inLeaves ? open : min(open, 1)) * Self.largest else {
      return "\(openBound ?? 0) is no sum of the bounds of the last \(open) batches"
    }
    return nil
  }

  /// Whatever is wrong with what it knows of the best validation.
  private func problemOfBest(batches: Int) -> String? {
    guard (0...pass).contains(passesSinceBest) else {
      return "it had \(passesSinceBest) passes since the best, of \(pass)"
    }
    guard let bestValidation else {
      return passesSinceBest == 0 && bestStep == nil
        ? nil : "its best validation, \(passesSinceBest) passes ago, is missing"
    }
    guard pass > 0, abs(bestValidation) <= Self.largest else {
      return "its best validation is \(bestValidation) after \(pass) passes"
    }
    let step = (pass - passesSinceBest) * batches
    guard bestStep ?? step == step else {
      return "its best step is \(bestStep ?? 0), but \(passesSinceBest) passes ago it was \(step)"
    }
    return nil
  }
}
