import Compute

extension ReferenceExecutable {
  func run(_ operation: Triangle) {
    let rows = operation.output.shape.rows
    self[operation.output] = (0..<rows).flatMap { row in
      let input = self.row(row, of: operation.input, among: rows)
      switch operation.form {
      case .product(let lower):
        return Self.product(self.row(row, of: lower, among: rows), input)
      case .solve(let lower, let diagonal):
        return Self.solve(
          self.row(row, of: lower, among: rows), self.row(row, of: diagonal, among: rows), input)
      case .outer(let factor):
        return Self.outer(input, self.row(row, of: factor, among: rows))
      }
    }
  }

  /// The row of a matrix that one of so many rows reads.
  private func row(_ row: Int, of tensor: Tensor, among rows: Int) -> [Double] {
    let columns = tensor.shape.columns
    let own = row / (rows / tensor.shape.rows)
    return Array(self[tensor][own * columns..<(own + 1) * columns])
  }

  private static func product(_ lower: [Double], _ x: [Double]) -> [Double] {
    x.indices.map { i in
      (0..<i).reduce(0) { $0 + lower[i * (i - 1) / 2 + $1] * x[$1] }
    }
  }

  private static func solve(_ lower: [Double], _ diagonal: [Double], _ y: [Double]) -> [Double] {
    var x = y
    for j in x.indices.reversed() {
      for i in x.indices where i > j { x[j] -= lower[i * (i - 1) / 2 + j] * x[i] }
      x[j] /= diagonal[j]
    }
    return x
  }

  private static func outer(_ a: [Double], _ b: [Double]) -> [Double] {
    a.indices.flatMap { i in b[..<i].map { a[i] * $0 } }
  }
}
