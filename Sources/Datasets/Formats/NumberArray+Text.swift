import Files
import Foundation

/// Numbers as text, a line for each row: what `.amat` files and plain tables are.
extension NumberArray {
  /// True if bytes look like numbers in rows.
  static func isText(_ start: ArraySlice<UInt8>) -> Bool {
    // A return that ends a line alone is no space.
    let hasReturns = zip(start, start.dropFirst()).contains { $0 == 13 && $1 != 10 }
    return !start.isEmpty && !hasReturns && start.contains { (48...57).contains($0) }
      && beginsWithNumbers(start)
      && start.allSatisfy { TextParser.isSpace($0) || $0 == 10 || TextParser.isNumeric($0) }
  }

  /// Reads rows of numbers, separated by spaces, tabs or commas. `nan`, `NA`, and nothing between commas
  /// are missing values.
  init(text reader: ByteReader, limit: Int) throws(FormatError) {
    var parser = TextParser(limit: limit)
    while true {
      let start = reader.offset
      let piece = try reader.some()
      if piece.isEmpty { break }
      if let fault = parser.append(piece) {
        throw FormatError(
          file: reader.file, offset: start + fault.index,
          problem: "line \(parser.line): \(fault.text)")
      }
    }
    if let fault = parser.finish() {
      throw reader.problem("line \(parser.line): \(fault)")
    }
    guard parser.rows > 0 else { throw reader.problem("there are no numbers.") }
    if parser.areEndsEmpty {
      throw reader.problem(
        "every line ends with a comma, so that the last column has no numbers. Take these commas away, "
          + "or write nan where a value is missing.")
    }
    shape = [parser.rows, parser.columns]
    values = parser.values
    isColumnMajor = false
  }
}

/// Takes text apart into numbers, piece by piece.
struct TextParser {
  /// Kept as bytes while there is nothing but zeros and ones.
  private var bytes: [UInt8] = []
  private var doubles: [Double] = []
  private var hasOther = false
  private var token: [UInt8] = []
  private var column = 0
  /// Of this row: whether there were commas, whether two numbers had none between them, and whether
  /// there was a number since the last.
  private var hasCommas = false
  private var hasGaps = false
  private var isFilled = false
  /// True if nothing follows the last comma of any row so far.
  private(set) var areEndsEmpty = true
  private(set) var columns = 0
  private(set) var rows = 0
  private(set) var line = 1
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  var values: NumberArray.Values { hasOther ? .doubles(doubles) : .bytes(bytes) }

  private static let comma: UInt8 = 44
  private static let quote: UInt8 = 34

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 9 || byte == 13 || byte == comma
  }

  private static let letters = Set("+-.eEnNaA".utf8)

  /// Digits, signs, points, exponents, and the letters of `nan`.
  static func isNumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || letters.contains(byte)
  }

  mutating func append(_ piece: ArraySlice<UInt8>) -> (index: Int, text: String)? {
    for (index, byte) in piece.enumerated() {
      let length = token.count
      if Self.isSpace(byte) || byte == 10, let text = endToken() { return (index - length, text) }
      if Self.isSpace(byte) {
        if let text = byte == Self.comma ? endField() : nil { return (index, text) }
      } else if byte == 10 {
        if let text = endLine() { return (index, text) }
        line += 1
      } else if byte > 32, byte != 127, token.count < 64 {
        token.append(byte)
      } else {
        let found = String(decoding: token + [byte], as: UTF8.self)
        return (index, "expected numbers, found '\(found)'.")
      }
    }
    return nil
  }

  mutating func finish() -> String? { endToken() ?? endLine() }

  /// At a comma, or at the end of a line that has some: where there was no number since the last, one
  /// is missing.
  private mutating func endField() -> String? {
    let problem = isFilled ? nil : append(.nan)
    (hasCommas, isFilled) = (true, false)
    return hasGaps ? Self.mixture : problem
  }

  private static let mixture =
    "numbers are separated by commas and by spaces; is a comma a decimal point?"

  private mutating func endToken() -> String? {
    if token.isEmpty { return nil }
    defer { token.removeAll(keepingCapacity: true) }
    if isFilled { hasGaps = true }
    isFilled = true
    if hasCommas && hasGaps { return Self.mixture }
    if token.count == 1, (48...49).contains(token[0]) { return append(bit: token[0] - 48) }
    var word = token[...]
    if word.count > 1, word.first == Self.quote, word.last == Self.quote {
      word = word.dropFirst().dropLast()
    }
    let text = String(decoding: word, as: UTF8.self)
    if let value = CSVParser.number(text) { return append(value) }
    return Double(text) == nil
      ? "expected numbers, found '\(text)'." : "'\(text)' is not a number of single precision."
  }

  private mutating func append(bit: UInt8) -> String? {
    if hasOther { return append(Double(bit)) }
    if let problem = count(width: 1) { return problem }
    bytes.append(bit)
    return nil
  }

  private mutating func append(_ value: Double) -> String? {
    if let problem = count(width: 8) { return problem }
    if !hasOther {
      hasOther = true
      doubles = bytes.map(Double.init)
      bytes = []
    }
    doubles.append(value)
    return nil
  }

  /// Counts one more number of the row; says why there may be none.
  private mutating func count(width: Int) -> String? {
    column += 1
    guard rows == 0 || column <= columns else {
      return "expected \(columns) numbers as in the rows before, found more."
    }
    let count = (hasOther ? doubles.count : bytes.count) + 1
    return width * count <= limit
      ? nil : "there are more numbers than the \(limit) bytes that are allowed hold."
  }

  private mutating func endLine() -> String? {
    let isEndEmpty = hasCommas && !isFilled
    if isEndEmpty, let problem = endField() { return problem }
    (hasCommas, hasGaps, isFilled) = (false, false, false)
    // Empty lines count for nothing.
    if column == 0 { return nil }
    if rows == 0 { columns = column }
    guard column == columns else {
      return "expected \(columns) numbers as in the rows before, found \(column)."
    }
    areEndsEmpty = areEndsEmpty && isEndEmpty
    rows += 1
    column = 0
    return nil
  }
}
