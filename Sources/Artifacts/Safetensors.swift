import Files
import Foundation

/// Named arrays of numbers in one file, in the safetensors format: eight bytes with the length of a
/// JSON header, the header, then the numbers.
public struct Safetensors: Hashable, Sendable {
  /// One array.
  public struct Entry: Hashable, Sendable {
    public var shape: [Int]
    public var values: Values

    public init(shape: [Int], values: Values) {
      self.shape = shape
      self.values = values
    }
  }

  /// The element types that this project works with. Halves, F16 and BF16, are read as float32, which has
  /// all of their values.
  public enum Values: Hashable, Sendable {
    case float32([Float])
    case float64([Double])
    case int64([Int64])

    public var count: Int {
      switch self {
      case .float32(let values): values.count
      case .float64(let values): values.count
      case .int64(let values): values.count
      }
    }

    /// The numbers in double precision.
    public var doubles: [Double] {
      switch self {
      case .float32(let values): values.map(Double.init)
      case .float64(let values): values
      case .int64(let values): values.map(Double.init)
      }
    }

    var typeName: String {
      switch self {
      case .float32: "F32"
      case .float64: "F64"
      case .int64: "I64"
      }
    }

    var data: Data {
      switch self {
      case .float32(let values): littleEndian(values.map(\.bitPattern))
      case .float64(let values): littleEndian(values.map(\.bitPattern))
      case .int64(let values): littleEndian(values)
      }
    }
  }

  public var entries: [String: Entry]
  public var metadata: [String: String]

  public init(entries: [String: Entry] = [:], metadata: [String: String] = [:]) {
    self.entries = entries
    self.metadata = metadata
  }

  /// The largest header that is read; real ones have kilobytes.
  private static let largestHeader = 8 << 20
}

// MARK: Reading

extension Safetensors {
  /// The header's record of one array.
  private struct Record: Decodable {
    var type: String
    var shape: [Int]
    var offsets: [Int]

    private enum CodingKeys: String, CodingKey {
      case type = "dtype"
      case shape
      case offsets = "data_offsets"
    }
  }

  /// The header: metadata under one reserved name, records under all others.
  private struct Header: Decodable {
    var metadata: [String: String] = [:]
    var records: [String: Record] = [:]

    private struct Key: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }

      init(stringValue: String) { self.stringValue = stringValue }

      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      for key in container.allKeys {
        if key.stringValue == "__metadata__" {
          metadata = try container.decode([String: String].self, forKey: key)
        } else {
          records[key.stringValue] = try container.decode(Record.self, forKey: key)
        }
      }
    }
  }

  /// Reads a file's content.
  ///
  /// - Parameters:
  ///   - data: All bytes of the file.
  ///   - file: The file's name in errors.
  public init(_ data: Data, file: String) throws(FormatError) {
    let bytes = [UInt8](data)
    let start = try Self.headerEnd(bytes.prefix(8), of: bytes.count, file: file)
    let header = try Self.header(bytes[8..<start], file: file)
    try Self.checkPlaces(header, of: bytes.count - start, file: file)
    metadata = header.metadata
    entries = [:]
    for (name, record) in header.records {
      entries[name] = try Self.read(name, record, bytes[start...], file: file)
    }
  }

  /// The metadata of a file, whose arrays are not read.
  public static func metadata(at path: String) throws -> [String: String] {
    let (beginning, size) = try Files.beginning(of: path, 8)
    let end = try headerEnd(beginning[...], of: size, file: path)
    let bytes = try Files.beginning(of: path, end).bytes
    guard bytes.count == end else {
      throw FormatError(file: path, problem: "the file became shorter while it was read.")
    }
    let header = try header(bytes[8...], file: path)
    try checkPlaces(header, of: size - end, file: path)
    return header.metadata
  }

  /// Checks that arrays lie one behind another and fill the file, as the format has it: many that overlap
  /// would take more memory than the file.
  private static func checkPlaces(
    _ header: Header, of size: Int, file: String
  ) throws(FormatError) {
    var end = 0
    let records = header.records.sorted {
      $0.value.offsets.lexicographicallyPrecedes($1.value.offsets)
    }
    for (name, record) in records {
      guard record.offsets.count == 2, record.offsets[0] == end, record.offsets[1] >= end,
        record.offsets[1] <= size
      else {
        throw FormatError(
          file: file,
          problem: "tensor '\(name)': expected a place that begins at byte \(end), behind the one "
            + "before, in the \(size) bytes that are there, found \(record.offsets). The file is cut off "
            + "or damaged.")
      }
      end = record.offsets[1]
    }
    guard end == size else {
      throw FormatError(
        file: file, problem: "expected \(end) bytes of tensors, found \(size).")
    }
  }

  /// The end of the header in a file of so many bytes.
  private static func headerEnd(
    _ beginning: ArraySlice<UInt8>, of size: Int, file: String
  ) throws(FormatError) -> Int {
    guard size >= 8, beginning.count >= 8 else {
      throw FormatError(
        file: file, problem: "expected a header of 8 bytes, found \(size) bytes in all.")
    }
    let length = beginning.enumerated().reduce(0 as UInt64) {
      $0 | UInt64($1.element) << (8 * UInt64($1.offset))
    }
    guard length <= largestHeader, length <= size - 8 else {
      throw FormatError(
        file: file,
        problem:
          "the header claims \(length) bytes, but \(size - 8) follow. The file is cut off or "
          + "is not safetensors.")
    }
    return 8 + Int(length)
  }

  private static func header(
    _ bytes: ArraySlice<UInt8>, file: String
  ) throws(FormatError) -> Header {
    do {
      return try JSONDecoder().decode(Header.self, from: Data(bytes))
    } catch {
      throw FormatError(file: file, problem: "the header is not the JSON of safetensors.")
    }
  }

  private static func read(
    _ name: String, _ record: Record, _ content: ArraySlice<UInt8>, file: String
  ) throws(FormatError) -> Entry {
    func problem(_ text: String) -> FormatError {
      FormatError(file: file, problem: "tensor '\(name)': \(text)")
    }
    let widths = ["F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I64": 8]
    guard let width = widths[record.type] else {
      throw problem("expected F16, BF16, F32, F64 or I64, found \(record.type).")
    }
    var count = 1
    for size in record.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw problem("has the shape \(record.shape).") }
      count = product
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow, record.offsets[1] - record.offsets[0] == bytes else {
      throw problem(
        "its shape \(record.shape) does not fit its place \(record.offsets) in the "
          + "\(content.count) bytes that are there. The file is cut off or damaged.")
    }
    let slice = content[
      content.startIndex + record.offsets[0]..<content.startIndex + record.offsets[1]]
    let values: Values =
      switch record.type {
      case "F16":
        .float32(integers(slice).map { (bits: UInt16) in Float(Float16(bitPattern: bits)) })
      case "BF16":
        .float32(integers(slice).map { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) })
      case "F32":
        .float32(integers(slice).map { (bits: UInt32) in Float(bitPattern: bits) })
      case "F64":
        .float64(integers(slice).map { (bits: UInt64) in Double(bitPattern: bits) })
      default: .int64(integers(slice))
      }
    return Entry(shape: record.shape, values: values)
  }

  private static func integers<Integer: FixedWidthInteger>(
    _ bytes: ArraySlice<UInt8>
  ) -> [Integer] {
    Array(bytes).withUnsafeBytes { buffer in
      let width = MemoryLayout<Integer>.size
      return (0..<buffer.count / width).map {
        Integer(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * width, as: Integer.self))
      }
    }
  }
}
