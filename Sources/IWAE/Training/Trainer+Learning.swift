import Compute

/// What differs where the estimator learns while it trains.
extension Trainer {
  /// Learns from the step that was made last, which ends a block: whoever looks or stops in between, the
  /// steps learnt from are the same.
  func learn() throws(DeviceError) {
    guard mix != nil, isMixed(batch: progress.batch - 1) else { return }
    try mix?.learn(from: memory)
  }

  /// True if two estimators differ by nothing on average in a step: with another weight of log q than 1,
  /// squared weights do not stand for the score.
  private func isMixed(batch: Int) -> Bool {
    weight(batch: batch) == 1 || programs.configuration.difference?.path.square == 0
  }

  func upload(_ state: [Tensor: [Float]]) throws(DeviceError) {
    for (tensor, values) in state where tensor.role != .state {
      try memory.upload(values, to: tensor)
    }
    // A run that goes on as another may begin with a weight that this one has not.
    mix?.restore(isMixed(batch: progress.batch) ? state : [:])
    try mix?.upload(to: memory)
  }
}
