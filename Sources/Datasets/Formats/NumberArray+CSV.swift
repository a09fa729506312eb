import Compute
import Files

/// Tables as spreadsheets and pandas write them: a line of names, then a line for each row, with cells that
/// may be quoted or missing.
extension NumberArray {
  /// True if bytes look like lines of cells: text with separators, or with a number in its second line.
  static func isCSV(_ start: ArraySlice<UInt8>) -> Bool {
    guard start.allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 || $0 == 10 || $0 == 13 }) else {
      return false
    }
    let lines = start.split(maxSplits: 2) { $0 == 10 || $0 == 13 }
    // Words alone are no table; a line may be longer than what is looked at.
    let isLine = start.contains { $0 == 10 || $0 == 13 } || start.count >= 1 << 12
    if isLine, CSVParser.separator(of: start) != nil { return true }
    return lines.count > 1 && CSVParser.number(String(decoding: lines[1], as: UTF8.self)) != nil
  }

  /// True if no word of the first line is a name.
  static func beginsWithNumbers(_ start: ArraySlice<UInt8>) -> Bool {
    let line = start.prefix { $0 != 10 }
    var words = line.split { TextParser.isSpace($0) }
    // The last word of a line that goes on may be half of one.
    if line.count == start.count, words.count > 1 { words.removeLast() }
    return words.allSatisfy { word in
      let text = String(decoding: word, as: UTF8.self)
      return CSVParser.isNumber(text) || !text.contains(where: \.isLetter)
    }
  }

  /// Remarks on rows and columns that count, as those that pandas adds to a table.
  var countingRemarks: [String] {
    guard shape.count == 2, shape[0] > 2, shape[1] > 2, !isColumnMajor else { return [] }
    let (rows, columns) = (shape[0], shape[1])
    let numbers = values.floats
    func counts(_ count: Int, _ number: (Int) -> Float) -> Bool {
      (0..<count).allSatisfy { number($0) == Float($0) }
    }
    var result: [String] = []
    if counts(columns, { numbers[$0] }) {
      result.append(
        "the first line counts the columns: if it is no data, write the table with header=False")
    }
    if counts(rows, { numbers[$0 * columns] }) {
      result.append(
        "the first column counts the rows: if it is no data, write the table with index=False")
    }
    return result
  }

  /// True of a table whose first line has nothing, and then the numbers of columns.
  var beginsWithIndexedHeader: Bool {
    guard shape.count == 2, shape[1] > 1, !isColumnMajor else { return false }
    let line = values.floats.prefix(shape[1])
    return line[0].isNaN && line.dropFirst().enumerated().allSatisfy { $1 == Float($0) }
  }

  /// Reads cells, each a number, or empty, `NA`, `NaN`, `null` or `?` where a value is missing. A first
  /// line with other words in it names the columns.
  ///
  /// - Returns: The numbers, and the columns' names.
  static func csv(
    _ reader: ByteReader, limit: Int
  ) throws(FormatError) -> (array: NumberArray, names: [String]) {
    let separator = CSVParser.separator(of: try reader.peek(1 << 12)) ?? 44
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
struct CSVParser {
  private let separator: UInt8
  private let limit: Int
  private var cell: [UInt8] = []
  private var isQuoted = false
  /// True after a quote within a quoted cell, which ends it unless another follows.
  private var mayEnd = false
  private var isAfterReturn = false
  private var row: [String] = []
  private var line = 1
  private(set) var names: [String] = []
  private(set) var numbers: [Double] = []
  private(set) var columns = 0
  private(set) var rows = 0

  private static let quote: UInt8 = 34
  /// The longest cell.
  private static let mostBytes = 1 << 10
  /// More than a cell takes in memory until its row is read.
  private static let cellBytes = 32
  private static let missing: Set<String> = ["", "na", "nan", "n/a", "null", "none", "?"]

  init(separator: UInt8, limit: Int) { (self.separator, self.limit) = (separator, limit) }

  /// The separator of a table's first line: a semicolon, a tab or a comma; nil where it has none.
  static func separator(of start: ArraySlice<UInt8>) -> UInt8? {
    var isQuoted = false
    var found: Set<UInt8> = []
    for byte in start {
      if byte == quote { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 10 || byte == 13 { break }
      found.insert(byte)
    }
    return [59, 9, 44].first(where: found.contains)
  }

  /// The number of a cell: NaN where it is missing; nil of another word.
  static func number(_ text: String) -> Double? {
    if let value = Double(decimal: text), !Float(value).isInfinite { return value }
    return missing.contains(text.lowercased()) ? .nan : nil
  }

  /// True of what can be no column's name.
  static func isNumber(_ text: String) -> Bool {
    number(text) != nil || Double(text) != nil
  }

  /// - Returns: Why the table cannot be read; nil if it can so far.
  mutating func take(_ byte: UInt8) -> String? {
    defer { isAfterReturn = byte == 13 }
    if isQuoted, !mayEnd {
      if byte == Self.quote { mayEnd = true } else { cell.append(byte) }
    } else if mayEnd, byte == Self.quote {
      cell.append(byte)
      mayEnd = false
    } else if byte == separator {
      return endCell()
    } else if byte == 10 || byte == 13 {
      if byte == 10, isAfterReturn { return nil }
      if let problem = endCell() ?? endRow() { return problem }
      line += 1
    } else if mayEnd, byte != 32 {
      return "line \(line): something follows a quoted cell."
    } else if byte == Self.quote, cell.isEmpty {
      isQuoted = true
    } else {
      cell.append(byte)
    }
    return cell.count > Self.mostBytes
      ? "line \(line): a cell is longer than \(Self.mostBytes) bytes; is a quote left open?" : nil
  }

  mutating func finish() -> String? {
    isQuoted && !mayEnd ? "line \(line): a quote is left open." : endCell() ?? endRow()
  }

  private mutating func endCell() -> String? {
    var text = Substring(decoding: cell, as: UTF8.self)
    while text.last == " " { text.removeLast() }
    row.append(String(text.drop { $0 == " " || $0 == "\u{feff}" }))
    cell.removeAll(keepingCapacity: true)
    (isQuoted, mayEnd) = (false, false)
    return 8 * numbers.count + Self.cellBytes * row.count <= max(limit, 1 << 16)
      ? nil : "there are more cells than the \(limit) bytes that are allowed hold."
  }

  private mutating func endRow() -> String? {
    defer { row.removeAll(keepingCapacity: true) }
    // Empty lines count for nothing.
    if row.count == 1, row[0].isEmpty { return nil }
    if columns == 0 {
      columns = row.count
      if row.contains(where: { !Self.isNumber($0) }) {
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
      guard let value = Self.number(text) else { return problem(text, column) }
      numbers.append(value)
    }
    rows += 1
    return nil
  }

  private func problem(_ text: String, _ column: Int) -> String {
    let name = names.isEmpty ? "column \(column + 1)" : "the column '\(names[column])'"
    let isDecimal = separator != 44 && Double(text.replacing(",", with: ".")) != nil
    let remedy =
      isDecimal
      ? "Write points in numbers instead of commas."
      : Double(text) != nil
        ? "It is no finite decimal number of single precision."
        : "Take the column away, or number its classes from 0 on."
    return "line \(line), \(name): expected a number or nothing, found '\(text)'. \(remedy)"
  }
}
