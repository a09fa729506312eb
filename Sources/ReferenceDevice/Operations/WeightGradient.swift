import Compute

extension ReferenceExecutable {
  func run(_ operation: WeightGradient) {
    let (outputs, inputs) = (operation.delta.shape.columns, operation.input?.shape.columns ?? 1)
    let delta = self[operation.delta]
    let input =
      operation.input.map { self[$0] } ?? Array(repeating: 1, count: operation.delta.shape.rows)
    let scale = operation.rowScale.map { self[$0] }
    var gradient = start(
      operation.gradient, accumulates: operation.accumulates, decay: operation.decay)
    for row in 0..<operation.delta.shape.rows {
      for o in 0..<outputs {
        let scaled = (scale?[row] ?? 1) * delta[row * outputs + o]
        for i in 0..<inputs { gradient[o * inputs + i] += scaled * input[row * inputs + i] }
      }
    }
    self[operation.gradient] = gradient
  }
}
