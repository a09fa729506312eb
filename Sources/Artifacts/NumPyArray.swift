import Foundation

/// An array in NumPy's format: a magic word, a header in the syntax of Python, then the numbers.
public struct NumPyArray: Hashable, Sendable {
  public enum Values: Hashable, Sendable {
    case bytes([UInt8])
    case floats([Float])

    public var count: Int {
      switch self {
      case .bytes(let values): values.count
      case .floats(let values): values.count
      }
    }
  }

  public var shape: [Int]
  public var values: Values

  public init(shape: [Int], values: Values) {
    self.shape = shape
    self.values = values
  }

  private static let magic = Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })

  /// Reads an array of `uint8`, `bool`, `float32` or `float64`, row by row.
  public init(_ data: Data, file: String) throws(FormatError) {
    let bytes = [UInt8](data)
    func problem(_ text: String) -> FormatError { FormatError(file: file, problem: text) }
    guard bytes.count >= 10, Array(bytes.prefix(6)) == Self.magic else {
      throw problem("it does not begin like an array of NumPy.")
    }
    let isWide = bytes[6] >= 2
    let lengthEnd = isWide ? 12 : 10
    guard bytes.count >= lengthEnd else { throw problem("the header is cut off.") }
    let length = (8..<lengthEnd).reduce(0) { $0 | Int(bytes[$1]) << (8 * ($1 - 8)) }
    guard length <= bytes.count - lengthEnd else {
      throw problem(
        "the header claims \(length) bytes, but \(bytes.count - lengthEnd) follow: it is cut off.")
    }
    let header = String(decoding: bytes[lengthEnd..<lengthEnd + length], as: UTF8.self)
    guard let type = Self.field("descr", in: header)?.trimmingCharacters(in: ["'", "\""]),
      let order = Self.field("fortran_order", in: header),
      let sizes = Self.tuple("shape", in: header)
    else { throw problem("the header '\(header.prefix(80))' is not understood.") }
    guard order == "False" else {
      throw problem(
        "its columns are contiguous (Fortran order); save it with numpy.ascontiguousarray.")
    }
    let widths = ["|u1": 1, "u1": 1, "|b1": 1, "<f4": 4, "<f8": 8]
    guard let width = widths[type] else {
      throw problem("expected uint8, bool, float32 or float64, found '\(type)'.")
    }
    let content = bytes[(lengthEnd + length)...]
    var expected = width
    for size in sizes {
      let (product, overflow) = expected.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw problem("has the shape \(sizes).") }
      expected = product
    }
    guard content.count == expected else {
      throw problem(
        "the shape \(sizes) needs \(expected) bytes, but \(content.count) follow the header.")
    }
    // A size of zero would hide sizes whose product overflows.
    guard expected > 0 else { throw problem("the shape \(sizes) holds nothing.") }
    shape = sizes
    values = Self.values(content, width: width)
  }

  private static func values(_ content: ArraySlice<UInt8>, width: Int) -> Values {
    content.withUnsafeBytes { buffer in
      switch width {
      case 1: .bytes(Array(buffer))
      case 4:
        .floats(
          (0..<buffer.count / 4).map {
            Float(
              bitPattern: UInt32(
                littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
          })
      default:
        .floats(
          (0..<buffer.count / 8).map {
            Float(
              Double(
                bitPattern: UInt64(
                  littleEndian: buffer.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))))
          })
      }
    }
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
    let parts = header[header.index(after: open)..<close].split(separator: ",").map {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    return parts.contains(nil) ? nil : parts.compactMap(\.self)
  }

  /// The file's content.
  public var data: Data {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let type = if case .bytes = values { "|u1" } else { "<f4" }
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // The numbers begin at a multiple of 64.
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    let length = header.utf8.count
    var data = Data(Self.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)])
    data += Data(header.utf8)
    switch values {
    case .bytes(let values): data += Data(values)
    case .floats(let values):
      data += values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    }
    return data
  }
}
