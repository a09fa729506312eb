import Compute

extension Trainer {
  /// Makes a state the one that a search for NaN starts from; called when a checkpoint is written.
  public func keep(_ state: [Tensor: [Float]]) {
    // Ranks that make steps again make the same, whoever saved what when.
    if leafRunner == nil { remember(state) }
  }

  func remember(_ state: [Tensor: [Float]]) {
    snapshot = state
    snapshotProgress = progress
  }

  /// Finds the step and the operation at fault: the steps since the last good state are run again,
  /// those whose bounds are not known to be numbers, and the one before, with every intermediate result kept.
  func diagnose() throws -> TrainingError {
    // Steps in leaves or parts are not searched: what they leave does not outlive the part.
    guard leafRunner == nil, programs.whole != nil else {
      return .notANumber(step: progress.step, operation: "one of the last \(pending) steps")
    }
    // A bound is that before its step's update: the last that is a number says nothing of its gradients.
    let firstSuspect = progress.step - pending - 1
    let end = progress.step
    // Without the update: clipping takes one gradient that is no number into all.
    var gradients = programs.configuration
    gradients.optimizer = nil
    let step = try Step.build(model, gradients)
    let probe = try device.compile(step.program, on: memory, protection: .guarded)
    try upload(snapshot)
    progress = snapshotProgress
    while progress.step < end {
      if progress.batch == batchesPerPass {
        progress.pass += 1
        progress.batch = 0
      }
      if uploadedPass != progress.pass { try uploadOrder() }
      let control = control(for: progress)
      if progress.step >= firstSuspect {
        try probe.run(control)
        if let operation = try firstFault(probe, in: step) {
          return .notANumber(step: progress.step, operation: operation)
        }
      }
      try runner.run(control)
      progress.step += 1
      progress.batch += 1
      if endsBlock { try learn() }
    }
    return .notANumber(step: end, operation: "an update of the parameters")
  }

  private func firstFault(_ probe: any Executable, in step: Step) throws(DeviceError) -> String? {
    for operation in step.program.operations {
      // Data may be NaN.
      if case .gather = operation { continue }
      for tensor in operation.writes where tensor.element == .float32 && tensor != total {
        if try probe.floats(tensor).contains(where: { !$0.isFinite }) {
          return "'\(operation.kind)' into '\(tensor.name)'"
        }
      }
    }
    return nil
  }
}
