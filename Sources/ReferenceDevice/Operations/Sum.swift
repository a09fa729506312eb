import Compute

extension ReferenceExecutable {
  func run(_ operation: Sum) {
    let columns = operation.input.shape.columns
    let perOutput = operation.input.shape.rows / operation.output.shape.rows
    var output = start(
      operation.output, accumulates: operation.accumulates, decay: operation.decay)
    for (index, value) in self[operation.input].enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      output[row / perOutput * columns + column] += Double(operation.scale) * value
    }
    self[operation.output] = output
  }
}
