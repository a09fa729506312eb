import Files

/// Tables as spreadsheets and pandas write them: a line of names, then a line for each row, with cells that
/// may be quoted or missing.
extension NumberArray {
  /// True if bytes look like lines of cells.
  static func isCSV(_ start: ArraySlice<UInt8>) -> Bool {
    guard let line = start.split(separator: 10, maxSplits: 1).first,
      CSVParser.separators.contains(where: line.contains)
    else { return false }
    return start.allSatisfy { $0 >= 32 || $0 == 9 || $0 == 10 || $0 == 13 } && !start.contains(127)
  }

  /// Reads cells, each a number, or empty, `NA`, `NaN`, `null` or `?` where a value is missing. A first
  /// line with other words in it names the columns.
  ///
  /// - Returns: The numbers, and the columns' names.
  static func csv(
    _ reader: ByteReader, limit: Int
  ) throws(FormatError) -> (array: NumberArray, names: [String]) {
    let start = try reader.peek(1 << 12)
    // What comes first is between the first names, which have no commas of their own as a rule.
    let separator = start.first { CSVParser.separators.contains($0) } ?? 44
    var parser = CSVParser(separator: separator, limit: limit)
    while true {
      let piece = try reader.some()
      if piece.isEmpty { break }
      for byte in piece {
        if let problem = parser.take(byte) { throw reader.problem(problem) }
      }
    }
    if let problem = parser.finish() { throw reader.problem(problem) }
    guard parser.rows > 0 else { throw reader.problem("there are names of columns, and no rows.") }
    let array = NumberArray(
      shape: [parser.rows, parser.columns], values: .doubles(parser.numbers))
    return (array.inBytes, parser.names)
  }

  /// The same with bytes for numbers where all are 0 or 1, as other formats have them.
  private var inBytes: NumberArray {
    guard case .doubles(let numbers) = values, numbers.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      return self
    }
    return NumberArray(shape: shape, values: .bytes(numbers.map { UInt8($0) }))
  }
}

/// Takes a table apart, byte by byte.
private struct CSVParser {
  /// Commas, semicolons and tabs.
  static let separators: [UInt8] = [44, 59, 9]

  private let separator: UInt8
  private let limit: Int
  private var cell: [UInt8] = []
  private var isQuoted = false
  /// True after a quote within a quoted cell, which ends it unless another follows.
  private var mayEnd = false
  private var row: [String] = []
  private var line = 1
  private(set) var names: [String] = []
  private(set) var numbers: [Double] = []
  private(set) var columns = 0
  private(set) var rows = 0

  private static let quote: UInt8 = 34
  /// The longest cell.
  private static let mostBytes = 1 << 10

  init(separator: UInt8, limit: Int) { (self.separator, self.limit) = (separator, limit) }

  /// - Returns: Why the table cannot be read; nil if it can so far.
  mutating func take(_ byte: UInt8) -> String? {
    if isQuoted, !mayEnd {
      if byte == Self.quote { mayEnd = true } else { cell.append(byte) }
    } else if mayEnd, byte == Self.quote {
      cell.append(byte)
      mayEnd = false
    } else if byte == separator {
      endCell()
    } else if byte == 10 {
      endCell()
      if let problem = endRow() { return problem }
      line += 1
    } else if byte == Self.quote, cell.isEmpty {
      isQuoted = true
    } else if byte != 13 {
      cell.append(byte)
    }
    return cell.count > Self.mostBytes
      ? "line \(line): a cell is longer than \(Self.mostBytes) bytes; is a quote left open?" : nil
  }

  mutating func finish() -> String? {
    if isQuoted, !mayEnd { return "line \(line): a quote is left open." }
    endCell()
    return endRow()
  }

  private mutating func endCell() {
    var text = Substring(decoding: cell, as: UTF8.self)
    while text.last == " " { text.removeLast() }
    row.append(String(text.drop { $0 == " " || $0 == "\u{feff}" }))
    cell.removeAll(keepingCapacity: true)
    (isQuoted, mayEnd) = (false, false)
  }

  private static let missing: Set<String> = ["", "na", "nan", "n/a", "null", "none", "?"]

  private func number(_ text: String) -> Double? {
    if let value = Double(text), value.isFinite, !Float(value).isInfinite { return value }
    return Self.missing.contains(text.lowercased()) ? .nan : nil
  }

  private mutating func endRow() -> String? {
    defer { row.removeAll(keepingCapacity: true) }
    // Empty lines count for nothing.
    if row.count == 1, row[0].isEmpty { return nil }
    if columns == 0 {
      columns = row.count
      if row.contains(where: { number($0) == nil }) {
        names = row
        return nil
      }
    }
    guard row.count == columns else {
      return "line \(line): expected \(columns) cells as in the lines before, found \(row.count)."
    }
    guard 8 * (numbers.count + columns) <= limit else {
      return "there are more numbers than the \(limit) bytes that are allowed hold."
    }
    for (column, text) in row.enumerated() {
      guard let value = number(text) else { return problem(text, column) }
      numbers.append(value)
    }
    rows += 1
    return nil
  }

  private func problem(_ text: String, _ column: Int) -> String {
    let name = names.isEmpty ? "column \(column + 1)" : "the column '\(names[column])'"
    let isDecimal = separator != 44 && Double(text.replacing(",", with: ".")) != nil
    return "line \(line), \(name): expected a number or nothing, found '\(text)'. "
      + (isDecimal
        ? "Write points in numbers instead of commas."
        : "Take the column away, or number its classes from 0 on.")
  }
}
