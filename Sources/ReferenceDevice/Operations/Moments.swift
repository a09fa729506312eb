import Compute

extension ReferenceExecutable {
  func run(_ operation: Moments) {
    let (components, columns) = (operation.center.shape.rows, operation.center.shape.columns)
    let (weight, input) = (self[operation.weight], self[operation.input])
    let (center, scale) = (self[operation.center], operation.rowScale.map { self[$0] })
    var count = Array(repeating: 0.0, count: components)
    var first = Array(repeating: 0.0, count: components * columns)
    var second = first
    for row in 0..<operation.input.shape.rows {
      for c in 0..<components {
        let share = (scale?[row] ?? 1) * weight[row * components + c]
        count[c] += share
        for k in 0..<columns {
          let distance = input[row * columns + k] - center[c * columns + k]
          first[c * columns + k] += share * distance
          second[c * columns + k] += share * distance * distance
        }
      }
    }
    self[operation.count] = count
    self[operation.first] = first
    self[operation.second] = second
  }
}
