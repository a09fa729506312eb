import Compute

extension ReferenceExecutable {
  func run(_ operation: RowMaximum) {
    let columns = operation.input.shape.columns
    var output = Array(repeating: -Double.infinity, count: operation.output.shape.count)
    for (index, value) in self[operation.input].enumerated() where value > output[index / columns] {
      output[index / columns] = value
    }
    self[operation.output] = output
  }
}
