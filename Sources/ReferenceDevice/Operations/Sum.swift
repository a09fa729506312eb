import Compute

extension ReferenceExecutable {
  func run(_ operation: Sum) {
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    let perSum = operation.input.shape.count / output.count
    for (index, value) in self[operation.input].enumerated() {
      output[index / perSum] += Double(operation.scale) * value
    }
    self[operation.output] = output
  }
}
