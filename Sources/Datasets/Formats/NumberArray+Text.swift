import Files
import Foundation

/// Numbers as text, a line for each row: what `.amat` files and plain tables are.
extension NumberArray {
  /// True if bytes look like numbers in rows.
  static func isText(_ start: ArraySlice<UInt8>) -> Bool {
    !start.isEmpty && start.contains { (48...57).contains($0) }
      && start.allSatisfy { TextParser.isSpace($0) || $0 == 10 || TextParser.isNumeric($0) }
  }

  /// Reads rows of numbers, separated by spaces, tabs or commas.
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
    shape = [parser.rows, parser.columns]
    values = parser.values
    isColumnMajor = false
  }
}

/// Takes text apart into numbers, piece by piece.
private struct TextParser {
  /// Kept as bytes while there is nothing but zeros and ones.
  private var bytes: [UInt8] = []
  private var floats: [Float] = []
  private var hasOther = false
  private var token: [UInt8] = []
  private var column = 0
  /// Of this row: whether there were commas, whether two numbers had none between them, and whether
  /// there was a number since the last.
  private var hasCommas = false
  private var hasGaps = false
  private var isFilled = false
  private(set) var columns = 0
  private(set) var rows = 0
  private(set) var line = 1
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  var values: NumberArray.Values { hasOther ? .floats(floats) : .bytes(bytes) }

  private static let comma: UInt8 = 44

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 9 || byte == 13 || byte == comma
  }

  /// Digits, signs, points and exponents.
  static func isNumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || byte == 43 || byte == 45 || byte == 46 || byte == 69 || byte == 101
  }

  mutating func append(_ piece: ArraySlice<UInt8>) -> (index: Int, text: String)? {
    for (index, byte) in piece.enumerated() {
      if Self.isSpace(byte) {
        if let text = endToken() ?? (byte == Self.comma ? endField() : nil) { return (index, text) }
      } else if byte == 10 {
        if let text = endToken() ?? endLine() { return (index, text) }
        line += 1
      } else if Self.isNumeric(byte), token.count < 64 {
        token.append(byte)
      } else {
        let found = String(decoding: token + [byte], as: UTF8.self)
        return (index, "expected numbers, found '\(found)'.")
      }
    }
    return nil
  }

  mutating func finish() -> String? { endToken() ?? endLine() }

  /// At a comma: there must have been a number since the last one.
  private mutating func endField() -> String? {
    if !isFilled { return "there is nothing before a comma." }
    (hasCommas, isFilled) = (true, false)
    return hasGaps ? Self.mixture : nil
  }

  private static let mixture =
    "numbers are separated by commas and by spaces; is a comma a decimal point?"

  private mutating func endToken() -> String? {
    if token.isEmpty { return nil }
    defer { token.removeAll(keepingCapacity: true) }
    if isFilled { hasGaps = true }
    isFilled = true
    if hasCommas && hasGaps { return Self.mixture }
    column += 1
    guard rows == 0 || column <= columns else {
      return "expected \(columns) numbers as in the rows before, found more."
    }
    let isBinary = token.count == 1 && (48...49).contains(token[0])
    let count = (hasOther ? floats.count : bytes.count) + 1
    guard (hasOther || !isBinary ? 4 * count : count) <= limit else {
      return "there are more numbers than the \(limit) bytes that are allowed hold."
    }
    if isBinary {
      if hasOther { floats.append(Float(token[0] - 48)) } else { bytes.append(token[0] - 48) }
      return nil
    }
    let text = String(decoding: token, as: UTF8.self)
    guard let value = Float(text), value.isFinite else {
      return "'\(text)' is not a number of single precision."
    }
    if !hasOther {
      hasOther = true
      floats = bytes.map(Float.init)
      bytes = []
    }
    floats.append(value)
    return nil
  }

  private mutating func endLine() -> String? {
    if hasCommas && !isFilled { return "there is nothing after the last comma." }
    (hasCommas, hasGaps, isFilled) = (false, false, false)
    // Empty lines count for nothing.
    if column == 0 { return nil }
    if rows == 0 { columns = column }
    guard column == columns else {
      return "expected \(columns) numbers as in the rows before, found \(column)."
    }
    rows += 1
    column = 0
    return nil
  }
}
