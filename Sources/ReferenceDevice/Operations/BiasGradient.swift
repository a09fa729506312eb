import Compute

extension ReferenceExecutable {
  func run(_ operation: BiasGradient) {
    let outputs = operation.gradient.shape.count
    let delta = self[operation.delta]
    let scale = operation.rowScale.map { self[$0] }
    var gradient = start(
      operation.gradient, accumulates: operation.accumulates, decay: operation.decay)
    for row in 0..<operation.delta.shape.rows {
      for o in 0..<outputs { gradient[o] += (scale?[row] ?? 1) * delta[row * outputs + o] }
    }
    self[operation.gradient] = gradient
  }
}
