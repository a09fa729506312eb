import Compute

extension ReferenceExecutable {
  /// Elements that are evaluated at once, if a row has no more.
  private static let blockSize = 4096

  func run(_ operation: Map, by formulas: FormulaSteps) {
    let (rows, columns) = (operation.rows ?? 1, operation.isOfVectors ? 1 : operation.columns)
    let inputs = operation.inputs.map { MapInput(operation, $0, self[$0]) }
    var values = Control.Value.allCases.reduce(into: [String: [Double]]()) {
      $0[$1.variable] = [Double(control[$1])]
    }
    var results = operation.results.map { _ in [Double]() }
    let perBlock = max(1, Self.blockSize / columns)
    for start in stride(from: 0, to: rows, by: perBlock) {
      let block = start..<min(start + perBlock, rows)
      for input in inputs { values[input.name] = input.values(of: block, columns: columns) }
      let elements = formulas.evaluate(
        count: block.count * columns, values, adjust: rounding.map { $0.round })
      for (index, result) in operation.results.enumerated() {
        results[index] += result.isSum ? sums(elements[index], of: columns) : elements[index]
      }
    }
    // Only now: a result may replace an operand.
    for (result, values) in zip(operation.results, results) { self[result.tensor] = values }
  }

  private func sums(_ values: [Double], of columns: Int) -> [Double] {
    stride(from: 0, to: values.count, by: columns).map { start in
      values[start..<start + columns].reduce(0, +)
    }
  }
}

/// A tensor as a map reads it.
private struct MapInput {
  let name: String
  private let reading: Map.Reading
  private let values: [Double]
  /// The rows of the map that share a row of the tensor.
  private let sharing: Int

  init(_ map: Map, _ tensor: Tensor, _ values: [Double]) {
    name = tensor.name
    reading = map.reading(of: tensor)
    self.values = values
    sharing = max(1, (map.rows ?? 1) / tensor.shape.rows)
  }

  /// The values at each element of some rows, or the one value of all.
  func values(of rows: Range<Int>, columns: Int) -> [Double] {
    switch reading {
    case .element:
      rows.flatMap { row in
        values[row / sharing * columns..<(row / sharing + 1) * columns]
      }
    case .rowValue: rows.flatMap { Array(repeating: values[$0 / sharing], count: columns) }
    case .columnValue: rows.flatMap { _ in values }
    case .single: values
    }
  }
}
