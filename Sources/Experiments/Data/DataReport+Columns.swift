import Datasets
import Foundation
import IWAE

extension DataReport {
  /// A column of a table, over the training images.
  public struct Column: Encodable, Sendable {
    /// From 0.
    public var index: Int
    public var name: String?
    public var missing: Int
    /// Absent where all values are missing.
    public var mean: Double?
    public var minimum: Double?
    public var maximum: Double?
  }

  /// Tables with more columns are described as a whole.
  private static let mostColumns = 10_000
  /// Of wider ones the terminal shows the first columns.
  private static let mostShown = 30

  /// The columns of a table; nil of pictures.
  static func columns(_ images: ImageSet, names: [String]) -> [Column]? {
    guard images.height == nil, images.width <= mostColumns else { return nil }
    var columns = (0..<images.width).map { index in
      Column(index: index, name: names.isEmpty ? nil : names[index], missing: images.count)
    }
    var sums = [Double](repeating: 0, count: images.width)
    for image in 0..<images.count {
      for (index, pixel) in images.pixels(of: image).enumerated() where !pixel.isNaN {
        let value = Double(pixel)
        columns[index].missing -= 1
        sums[index] += value
        columns[index].minimum = min(columns[index].minimum ?? value, value)
        columns[index].maximum = max(columns[index].maximum ?? value, value)
      }
    }
    for index in columns.indices where columns[index].missing < images.count {
      columns[index].mean = sums[index] / Double(images.count - columns[index].missing)
    }
    return columns
  }

  /// The columns for people, where they have names.
  var columnLines: [String] {
    guard let columns, columns.contains(where: { $0.name != nil }) else { return [] }
    var table = TextTable(
      ["column", "mean", "least", "most", "missing"], rightAligned: [1, 2, 3, 4])
    func number(_ value: Double?) -> String { value.map { String(format: "%.4g", $0) } ?? "-" }
    for column in columns.prefix(Self.mostShown) {
      table.append([
        column.name ?? "\(column.index)", number(column.mean), number(column.minimum),
        number(column.maximum), "\(column.missing)",
      ])
    }
    let rest = columns.count - Self.mostShown
    return [table.text] + (rest > 0 ? ["and \(counted(rest, "further column"))."] : []) + [""]
  }
}
