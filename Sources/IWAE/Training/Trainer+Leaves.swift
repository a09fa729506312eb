import Compute

/// What differs where batches are divided into leaves.
extension Trainer {
  /// Makes one step.
  ///
  /// - Parameter goesOn: Asked within long steps whether to go on.
  /// - Returns: False if it was asked to stop, in which case nothing changed. Steps in leaves are made
  ///   all the same.
  func makeStep(_ control: Control, while goesOn: () -> Bool = { true }) throws -> Bool {
    guard let leafRunner else { return try runner.run(control, while: goesOn) }
    let outcome = try leafRunner.run(control) { !goesOn() }
    leafTotal += outcome.bound
    stopIsAgreed = stopIsAgreed || outcome.stops
    return true
  }

  /// What adding up the leaves' gradients came to, where batches are divided: the mean time of a step, in
  /// seconds, and the bytes of the sum.
  public var reduction: (seconds: Double, bytes: Int)? {
    leafRunner.map {
      ($0.reduction.seconds / Double(max($0.reduction.steps, 1)), $0.reduction.bytes)
    }
  }

  func boundTotal() throws(DeviceError) -> Double {
    leafRunner == nil ? Double(try memory.floats(total)[0]) : leafTotal
  }

  func setBoundTotal(_ value: Double) throws(DeviceError) {
    if leafRunner == nil { try memory.upload([Float(value)], to: total) } else { leafTotal = value }
  }
}
