import Foundation

extension ImageRecipe {
  /// A remark on the columns that single precision, which images have, rounds by more than a hundredth of
  /// their deviation; none where digits suffice.
  func digitsLost(in array: NumberArray) -> [String] {
    let array = (columnsAreImages ? array.transposed : array).rowMajor
    guard case .doubles(let values) = array.values, let count = array.shape.first else { return [] }
    let width = values.count / count
    var columns = [ColumnDigits](repeating: ColumnDigits(), count: width)
    for (index, value) in values.enumerated() { columns[index % width].add(value) }
    let lost = columns.indices.filter { columns[$0].areLost }
    guard let first = lost.first else { return [] }
    let column = columns[first]
    let others = lost.count > 1 ? ", and the like of \(lost.count - 1) more," : ""
    return [
      String(
        format: "column %d\(others) varies by %.2g around %.6g, which single precision rounds by "
          + "%.2g: subtract a number near its values from it first", first + 1, column.deviation,
        column.mean, column.rounding)
    ]
  }
}

/// The digits of a column's values, missing ones left out.
private struct ColumnDigits {
  private var count = 0.0
  private(set) var mean = 0.0
  private var squares = 0.0
  /// The most by which single precision rounds a value.
  private(set) var rounding = 0.0

  mutating func add(_ value: Double) {
    if value.isNaN { return }
    count += 1
    let distance = value - mean
    mean += distance / count
    squares += distance * (value - mean)
    rounding = max(rounding, abs(value - Double(Float(value))))
  }

  var deviation: Double { (squares / max(count, 1)).squareRoot() }

  /// The last digits of double precision are nothing to lose.
  var areLost: Bool { rounding > deviation / 100 && deviation > 1e-13 * abs(mean) }
}
