import Files
import Foundation

/// The header before the numbers in NumPy's format: a magic word, and a text in Python's syntax.
struct NumPyHeader {
  let shape: [Int]
  let type: NumberType
  let isColumnMajor: Bool

  fileprivate static let magic = Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })
  /// The longest header that is read; real ones have a hundred bytes.
  private static let longest = 1 << 16

  init(_ reader: ByteReader) throws(FormatError) {
    guard try reader.peek(6).starts(with: Self.magic) else {
      throw reader.problem("it does not begin like an array of NumPy.")
    }
    let start = try reader.bytes(8, "the magic word")
    guard (1...3).contains(start[6]) else {
      throw reader.problem("its format has the version \(start[6]); expected 1, 2 or 3.")
    }
    let lengthBytes = try reader.bytes(start[6] == 1 ? 2 : 4, "the header's length")
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.longest else {
      throw reader.problem("its header claims \(length) bytes; no array needs as many.")
    }
    let header = String(decoding: try reader.bytes(length, "the header"), as: UTF8.self)
    guard let typeName = Self.field("descr", in: header)?.trimmingCharacters(in: ["'", "\""]),
      let order = Self.field("fortran_order", in: header), ["True", "False"].contains(order),
      let sizes = Self.tuple("shape", in: header)
    else { throw reader.problem("its header '\(header.prefix(80))' is not understood.") }
    guard let type = Self.type(typeName) else {
      throw reader.problem(
        "expected numbers of type bool, int, uint, float32 or float64, found '\(typeName)'. Save "
          + "them with array.astype('float32').")
    }
    self.type = type
    shape = sizes
    isColumnMajor = order == "True"
  }

  /// A type as NumPy writes it: the order of bytes, a letter, the bytes of a number.
  private static func type(_ text: String) -> NumberType? {
    let kinds: [Character: (kind: NumberType.Kind, widths: Set<Int>)] = [
      "b": (.boolean, [1]), "i": (.signed, [1, 2, 4, 8]), "u": (.unsigned, [1, 2, 4, 8]),
      "f": (.float, [4, 8]),
    ]
    var letters = text[...]
    let order = letters.first.flatMap { "<>|=".contains($0) ? $0 : nil }
    if order != nil { letters = letters.dropFirst() }
    guard let letter = letters.first, let known = kinds[letter],
      let width = Int(letters.dropFirst()), known.widths.contains(width),
      width == 1 || order == "<" || order == ">"
    else { return nil }
    return NumberType(kind: known.kind, width: width, isBigEndian: order == ">")
  }

  /// The text after a key, up to the next comma or brace.
  private static func field(_ key: String, in header: String) -> String? {
    guard let range = header.range(of: "'\(key)':") else { return nil }
    return header[range.upperBound...].prefix { $0 != "," && $0 != "}" }
      .trimmingCharacters(in: .whitespaces)
  }

  private static func tuple(_ key: String, in header: String) -> [Int]? {
    guard let range = header.range(of: "'\(key)':"),
      let open = header[range.upperBound...].firstIndex(of: "("),
      let close = header[open...].firstIndex(of: ")")
    else { return nil }
    var texts = header[header.index(after: open)..<close].split(
      separator: ",", omittingEmptySubsequences: false
    ).map { $0.trimmingCharacters(in: .whitespaces) }
    // Python allows a comma at the end, and needs it after one alone.
    if texts.last == "" { texts.removeLast() }
    let parts = texts.map { Int($0) }
    return parts.contains(nil) || parts.count > 32 ? nil : parts.compactMap(\.self)
  }
}

extension NumberArray {
  /// True if bytes begin as NumPy's format does.
  static func isNumPy(_ start: ArraySlice<UInt8>) -> Bool { start.starts(with: NumPyHeader.magic) }

  /// Reads NumPy's format.
  init(numPy reader: ByteReader, limit: Int) throws(FormatError) {
    let header = try NumPyHeader(reader)
    shape = header.shape
    isColumnMajor = header.isColumnMajor
    values = try reader.numbers(shape, header.type, limit: limit)
    try reader.expectEnd(after: "the numbers that the shape \(shape) announces")
  }

  /// The array in NumPy's format.
  public var numPy: Data {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let type =
      switch values {
      case .bytes: "|u1"
      case .floats: "<f4"
      case .doubles: "<f8"
      }
    let order = isColumnMajor ? "True" : "False"
    var header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(sizes)), }"
    // The numbers begin at a multiple of 64.
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    let length = header.utf8.count
    var data = Data(NumPyHeader.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)])
    data += Data(header.utf8)
    switch values {
    case .bytes(let values): data += Data(values)
    case .floats(let values):
      data += values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    case .doubles(let values):
      data += values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    }
    return data
  }
}
