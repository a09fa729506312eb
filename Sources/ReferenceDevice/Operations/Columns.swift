import Compute

extension ReferenceExecutable {
  func run(_ operation: Columns) {
    let (inputs, outputs) = (operation.input.shape, operation.output.shape)
    let sharing = outputs.rows / inputs.rows
    let input = self[operation.input]
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    for row in 0..<outputs.rows {
      for j in 0..<operation.count {
        output[row * outputs.columns + operation.to + j] +=
          input[row / sharing * inputs.columns + operation.from + j]
      }
    }
    self[operation.output] = output
  }
}
