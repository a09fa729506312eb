import Files
import Foundation

extension Safetensors {
  /// The largest header that is read; real ones have kilobytes.
  private static let largestHeader = 8 << 20

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
    self.init(metadata: header.metadata)
    for (name, record) in header.records {
      let place = try Self.place(of: record, name, file: file)
      let content = bytes[(start + place.lowerBound)..<(start + place.upperBound)]
      entries[name] = Self.entry(record, content)
    }
  }

  /// Reads a file, one array after another, once its header is known to fit it.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The most bytes that it may have, unless the disk has them.
  public init(at path: String, limit: Int = Files.arrayLimit) throws {
    let file = try OpenFile(path, mustBePlain: true)
    let (header, start) = try Self.header(of: file)
    guard file.size <= file.mostOfOwn(limit: limit) else {
      throw FormatError(
        file: path,
        problem:
          "expected at most \(limit) bytes of a file of which the disk has \(file.bytesOnDisk), "
          + "found \(file.size). \(Files.limitVariable) says how many are allowed.")
    }
    self.init(metadata: header.metadata)
    for (name, record) in header.records {
      let place = try Self.place(of: record, name, file: path)
      let content = try Self.bytes(of: file, at: start + place.lowerBound, place.count)
      entries[name] = Self.entry(record, content[...])
    }
  }

  /// The metadata of a file, whose arrays are not read.
  public static func metadata(at path: String) throws -> [String: String] {
    try header(of: OpenFile(path, mustBePlain: true)).header.metadata
  }

  /// The header of a file, which fits it, and its end.
  private static func header(of file: OpenFile) throws -> (header: Header, end: Int) {
    let end = try headerEnd(file.read(at: 0, 8)[...], of: file.size, file: file.path)
    let header = try header(bytes(of: file, at: 0, end)[8...], file: file.path)
    try checkPlaces(header, of: file.size - end, file: file.path)
    return (header, end)
  }

  /// So many bytes of a file that had them when it was opened.
  private static func bytes(of file: OpenFile, at offset: Int, _ count: Int) throws -> [UInt8] {
    let bytes = try file.read(at: offset, count)
    guard bytes.count == count else {
      throw FormatError(file: file.path, problem: "the file became shorter while it was read.")
    }
    return bytes
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
    guard length <= size - 8 else {
      throw FormatError(
        file: file,
        problem:
          "the header claims \(length) bytes, but \(size - 8) follow. The file is cut off or "
          + "is not safetensors.")
    }
    guard length <= largestHeader else {
      throw FormatError(
        file: file,
        problem: "expected a header of at most \(largestHeader) bytes, found one of \(length).")
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

  /// The place of an array behind the header, which its type and its shape fit.
  private static func place(
    of record: Record, _ name: String, file: String
  ) throws(FormatError) -> Range<Int> {
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
        "its shape \(record.shape) does not fit its place \(record.offsets). The file is cut off or "
          + "damaged.")
    }
    return record.offsets[0]..<record.offsets[1]
  }

  /// The array of a record whose type is known to be one of those that are read.
  private static func entry(_ record: Record, _ bytes: ArraySlice<UInt8>) -> Entry {
    let values: Values =
      switch record.type {
      case "F16":
        .float32(integers(bytes).map { (bits: UInt16) in Float(Float16(bitPattern: bits)) })
      case "BF16":
        .float32(integers(bytes).map { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) })
      case "F32":
        .float32(integers(bytes).map { (bits: UInt32) in Float(bitPattern: bits) })
      case "F64":
        .float64(integers(bytes).map { (bits: UInt64) in Double(bitPattern: bits) })
      default: .int64(integers(bytes))
      }
    return Entry(shape: record.shape, values: values)
  }

  private static func integers<Integer: FixedWidthInteger>(
    _ bytes: ArraySlice<UInt8>
  ) -> [Integer] {
    bytes.withUnsafeBytes { buffer in
      let width = MemoryLayout<Integer>.size
      return (0..<buffer.count / width).map {
        Integer(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * width, as: Integer.self))
      }
    }
  }
}
