extension TrainingProgress {
  /// Whatever is wrong with it as a position in a run on so many images; nil for nothing.
  public func problem(images: Int, batchSize: Int) -> String? {
    let batches = Trainer.batchesPerPass(images: images, batchSize: batchSize)
    let (before, overflow) = pass.multipliedReportingOverflow(by: batches)
    guard pass >= 0, (0...batches).contains(batch), !overflow, step == before + batch else {
      return "step \(step) is not that of batch \(batch) after \(pass) passes of \(batches) batches"
    }
    guard step < Trainer.mostSteps else {
      return "step \(step) is beyond the last, \(Trainer.mostSteps)"
    }
    guard (0...batch).contains(boundCount), boundSum.isFinite,
      abs(boundSum) <= Double(boundCount) * Double(Float.greatestFiniteMagnitude)
    else { return "\(boundSum) is no sum of the bounds of \(boundCount) of \(batch) batches" }
    guard openBound?.isFinite ?? true else { return "its open sum of bounds is no number" }
    guard (0...pass).contains(passesSinceBest) else {
      return "it had \(passesSinceBest) passes since the best, of \(pass)"
    }
    guard bestValidation?.isFinite ?? true else { return "its best validation is no number" }
    guard (0...step).contains(bestStep ?? 0) else {
      return "its best step is \(bestStep ?? 0) of \(step)"
    }
    let skipped = skippedSteps ?? []
    guard skipped.count <= NaNPolicy.mostSkipped, skipped.allSatisfy({ (0..<step).contains($0) }),
      zip(skipped, skipped.dropFirst()).allSatisfy(<)
    else { return "it left out other steps than some of the \(step) that there were" }
    guard (0...NaNPolicy.mostHalvings).contains(rateHalvings ?? 0) else {
      return "its learning rate was halved \(rateHalvings ?? 0) times"
    }
    guard (0...pass).contains(plateaus ?? 0) else {
      return "validation became no better for long \(plateaus ?? 0) times in \(pass) passes"
    }
    return nil
  }
}
