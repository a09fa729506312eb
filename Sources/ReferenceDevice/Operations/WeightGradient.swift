import Compute

extension ReferenceExecutable {
  func run(_ operation: WeightGradient) {
    let rows = operation.delta.shape.rows
    if operation.leaves == 1 {
      var gradient = start(
        operation.gradient, accumulates: operation.accumulates, decay: operation.decay)
      add(operation, 0..<rows, to: &gradient)
      self[operation.gradient] = gradient
      return
    }
    // Leaves are added as ranks do, in single precision.
    let count = rows / operation.leaves
    let sums = (0..<operation.leaves).map { leaf in
      var sum = Array(repeating: 0.0, count: operation.gradient.shape.count)
      add(operation, leaf * count..<(leaf + 1) * count, to: &sum)
      return sum.map(Float.init)
    }
    self[operation.gradient] = LeafTree(leaves: operation.leaves).sum(of: sums).map(Double.init)
  }

  private func add(_ operation: WeightGradient, _ rows: Range<Int>, to gradient: inout [Double]) {
    let (outputs, inputs) = (operation.delta.shape.columns, operation.input?.shape.columns ?? 1)
    let delta = self[operation.delta]
    let input =
      operation.input.map { self[$0] } ?? Array(repeating: 1, count: operation.delta.shape.rows)
    let scale = operation.rowScale.map { self[$0] }
    for row in rows {
      for o in 0..<outputs {
        let scaled = (scale?[row] ?? 1) * delta[row * outputs + o]
        for i in 0..<inputs { gradient[o * inputs + i] += scaled * input[row * inputs + i] }
      }
    }
  }
}
