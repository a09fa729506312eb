import Compute

extension ReferenceExecutable {
  func run(_ operation: SumSamples) {
    let columns = operation.input.shape.columns
    let perOutput = operation.input.shape.rows / operation.output.shape.rows
    let input = self[operation.input]
    var output = start(
      operation.output, accumulates: operation.accumulates, decay: operation.decay)
    for row in 0..<operation.input.shape.rows {
      for j in 0..<columns {
        output[row / perOutput * columns + j] +=
          Double(operation.scale) * input[row * columns + j]
      }
    }
    self[operation.output] = output
  }
}
