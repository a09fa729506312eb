import Files

/// A table of left-aligned texts and right-aligned numbers, a line for each row.
public struct TextTable {
  private var rows: [[String]]
  private let rightAligned: Set<Int>

  public init(_ header: [String], rightAligned: Set<Int> = []) {
    rows = [header.map(onOneLine)]
    self.rightAligned = rightAligned
  }

  /// Adds a row; what it lacks at its end is empty.
  public mutating func append(_ row: [String]) {
    let missing = max(0, rows[0].count - row.count)
    rows.append(row.map(onOneLine) + Array(repeating: "", count: missing))
  }

  public var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return rightAligned.contains(column) ? space + cell : cell + space
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
