import Compute

extension ReferenceExecutable {
  func run(_ operation: Relay) {
    let input = self[operation.input]
    let columns = operation.output.shape.columns
    var output = start(
      operation.output, accumulates: operation.accumulates, decay: operation.decay)
    for index in output.indices {
      let (row, column) = (index / columns, index % columns)
      output[index] +=
        operation.turns ? input[column * operation.input.shape.columns + row] : input[index]
    }
    self[operation.output] = output
  }
}
