import Compute

extension ReferenceExecutable {
  func run(_ operation: Quadratic) {
    let (rows, columns) = (operation.output.shape.rows, operation.output.shape.columns)
    let depth = operation.input.shape.columns
    let input = self[operation.input]
    let (center, scale) = (self[operation.center], self[operation.scale])
    var output = Array(repeating: 0.0, count: rows * columns)
    let bias = self[operation.bias]
    for row in 0..<rows {
      for c in 0..<columns {
        var sum = 0.0
        for k in 0..<depth {
          let distance = (input[row * depth + k] - center[k * columns + c]) * scale[k * columns + c]
          sum += distance * distance
        }
        output[row * columns + c] = bias[c] - 0.5 * sum
      }
    }
    self[operation.output] = output
  }
}
