import Files

/// MATLAB's format of version 5 (as `save` writes it with `-v6` or `-v7`): named arrays, each
/// compressed or not.
public struct MATFile {
  /// A named array.
  public struct Variable: Hashable, Sendable {
    public var name: String
    public var shape: [Int]
    /// The class as MATLAB calls it.
    public var type: String
    /// True if it is an array of real numbers, which alone can be read.
    public var isNumeric: Bool
    fileprivate var keepsBytes: Bool
    fileprivate var content: Range<Int>
    fileprivate var isCompressed: Bool
  }

  public let variables: [Variable]
  private let file: FileBytes
  private let isBigEndian: Bool

  private static let headerSize = 128
  private static let mostVariables = 1000

  static func isMAT(_ start: ArraySlice<UInt8>) -> Bool {
    start.starts(with: Array("MATLAB 5.0 MAT-file".utf8))
  }

  /// Lists the variables of a file.
  public init(_ file: FileBytes) throws(FormatError) {
    self.file = file
    let header = try file.read(at: 0, Self.headerSize)
    guard header.count == Self.headerSize, Self.isMAT(header[...]) else {
      throw FormatError(file: file.name, problem: "its header is cut off.")
    }
    switch Array(header[126...]) {
    case Array("IM".utf8): isBigEndian = false
    case Array("MI".utf8): isBigEndian = true
    default: throw FormatError(file: file.name, offset: 126, problem: "the byte order is missing.")
    }
    variables = try Self.list(file, isBigEndian)
  }

  /// The variables of a file, from the end of its header on.
  private static func list(
    _ file: FileBytes, _ isBigEndian: Bool
  ) throws(FormatError) -> [Variable] {
    var found: [Variable] = []
    var offset = headerSize
    var count = 0
    while offset < file.count {
      func problem(_ text: String) -> FormatError {
        FormatError(file: file.name, offset: offset, problem: text)
      }
      let reader = file.reader(offset..<min(offset + 8, file.count))
      let tag = try Tag(reader, isBigEndian: isBigEndian, "the tag of a variable")
      let start = reader.offset
      guard tag.size <= file.count - start else {
        throw problem(
          "a variable of \(tag.size) bytes reaches beyond the end: the file is cut off.")
      }
      count += 1
      guard count <= mostVariables else {
        throw problem("there are more than \(mostVariables) variables.")
      }
      let content = start..<start + tag.size
      if tag.type == .compressed || tag.type == .matrix, !content.isEmpty {
        let variable = try variable(content, tag.type == .compressed, file, isBigEndian)
        guard !variable.isNumeric || !found.contains(where: { $0.name == variable.name }) else {
          throw problem("there are two variables of the name '\(variable.name)'.")
        }
        found.append(variable)
      }
      offset = content.upperBound
      // Only compressed variables are not padded to a multiple of eight bytes.
      if tag.type != .compressed { offset += (8 - offset % 8) % 8 }
    }
    return found
  }

  private static func variable(
    _ content: Range<Int>, _ isCompressed: Bool, _ file: FileBytes, _ isBigEndian: Bool
  ) throws(FormatError) -> Variable {
    let reader = try open(content, isCompressed, file, isBigEndian, limit: 1 << 20)
    return try Header(reader, isBigEndian: isBigEndian).variable(content, isCompressed)
  }

  /// A reader that stands before the header of a variable.
  private static func open(
    _ content: Range<Int>, _ isCompressed: Bool, _ file: FileBytes, _ isBigEndian: Bool, limit: Int
  ) throws(FormatError) -> ByteReader {
    guard isCompressed else { return file.reader(content) }
    let reader = try file.reader(content).decompressed(.zlib, limit: limit)
    let tag = try Tag(reader, isBigEndian: isBigEndian, "the tag of a compressed variable")
    guard tag.type == .matrix else {
      throw reader.problem("expected an array in a compressed variable, found type \(tag.code).")
    }
    return reader
  }

  /// Reads a variable's numbers.
  ///
  /// - Parameters:
  ///   - variable: One of the file's.
  ///   - limit: The most bytes that they may take.
  public func read(_ variable: Variable, limit: Int) throws(FormatError) -> NumberArray {
    guard variable.isNumeric else {
      throw FormatError(
        file: file.name, offset: variable.content.lowerBound,
        problem: "'\(variable.name)' is of class \(variable.type); expected an array of real "
          + "numbers.")
    }
    let (space, overflow) = limit.addingReportingOverflow(1 << 20)
    let reader = try Self.open(
      variable.content, variable.isCompressed, file, isBigEndian, limit: overflow ? limit : space)
    let header = try Header(reader, isBigEndian: isBigEndian)
    let tag = try Tag(reader, isBigEndian: isBigEndian, "the tag of the numbers")
    guard let type = tag.type.number(isBigEndian: isBigEndian) else {
      throw reader.problem("'\(variable.name)': numbers are of the unknown type \(tag.code).")
    }
    var size = type.width
    for dimension in header.shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw reader.problem("the shape \(header.shape) is impossible.") }
      size = product
    }
    guard size == tag.size else {
      throw reader.problem(
        "'\(variable.name)': the shape \(header.shape) of \(type.name) needs \(size) bytes, but "
          + "\(tag.size) are announced.")
    }
    let values = try reader.numbers(
      header.shape, type, limit: limit, keepsBytes: variable.keepsBytes)
    if variable.isCompressed {
      // To the end, where the checksum is.
      try reader.skip(tag.padding, "the padding")
      try reader.expectEnd(after: "the numbers of '\(variable.name)'")
    }
    return NumberArray(shape: header.shape, values: values, isColumnMajor: true)
  }
}

/// The type of a piece of the file.
private enum ElementType: Int {
  case int8 = 1
  case uint8, int16, uint16, int32, uint32, single
  case double = 9
  case int64 = 12
  case uint64, matrix, compressed
  case other = 0

  func number(isBigEndian: Bool) -> NumberType? {
    let kind: (NumberType.Kind, Int)
    switch self {
    case .int8: kind = (.signed, 1)
    case .uint8: kind = (.unsigned, 1)
    case .int16: kind = (.signed, 2)
    case .uint16: kind = (.unsigned, 2)
    case .int32: kind = (.signed, 4)
    case .uint32: kind = (.unsigned, 4)
    case .single: kind = (.float, 4)
    case .double: kind = (.float, 8)
    case .int64: kind = (.signed, 8)
    case .uint64: kind = (.unsigned, 8)
    case .matrix, .compressed, .other: return nil
    }
    return NumberType(kind: kind.0, width: kind.1, isBigEndian: isBigEndian)
  }
}

/// A type and a size in bytes, of eight bytes; or of four, with the content in the next four.
private struct Tag {
  let code: Int
  let type: ElementType
  let size: Int
  let isSmall: Bool

  init(_ reader: ByteReader, isBigEndian: Bool, _ what: String) throws(FormatError) {
    let first = integer(try reader.bytes(4, what), isBigEndian)
    isSmall = first >> 16 != 0
    if isSmall {
      code = first & 0xffff
      size = first >> 16
      guard size <= 4 else {
        throw reader.problem("a short element claims \(size) bytes; expected at most 4.")
      }
    } else {
      code = first
      size = integer(try reader.bytes(4, what), isBigEndian)
    }
    type = ElementType(rawValue: code) ?? .other
  }

  /// The bytes between the content and the next tag.
  var padding: Int { isSmall ? 4 - size : (8 - size % 8) % 8 }
}

/// A whole number of up to four bytes, unsigned.
private func integer(_ bytes: [UInt8], _ isBigEndian: Bool) -> Int {
  (isBigEndian ? bytes : bytes.reversed()).reduce(0) { $0 << 8 | Int($1) }
}

/// The header before the numbers of a variable.
private struct Header {
  let shape: [Int]
  private let name: String
  private let classCode: Int
  private let flags: Int

  /// The classes of numbers, from 6 on; what comes before cannot be read.
  private static let classes = [
    "unknown", "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8",
    "int16", "uint16", "int32", "uint32", "int64", "uint64",
  ]

  init(_ reader: ByteReader, isBigEndian: Bool) throws(FormatError) {
    func content(_ what: String, most: Int) throws(FormatError) -> [UInt8] {
      let tag = try Tag(reader, isBigEndian: isBigEndian, what)
      guard tag.size <= most else {
        throw reader.problem("\(what) of a variable claims \(tag.size) bytes.")
      }
      let bytes = try reader.bytes(tag.size, what)
      try reader.skip(tag.padding, what)
      return bytes
    }
    let flagBytes = try content("the class", most: 8)
    guard flagBytes.count == 8 else { throw reader.problem("the class of a variable is missing.") }
    let word = integer(Array(flagBytes.prefix(4)), isBigEndian)
    (classCode, flags) = (word & 255, word >> 8 & 255)
    // Objects of classes that MATLAB added later have no shape here.
    guard Self.classes.indices.contains(classCode) else {
      (shape, name) = ([], "")
      return
    }
    let sizes = try content("the shape", most: 4 * 32)
    shape = (0..<sizes.count / 4).map { integer(Array(sizes[4 * $0..<4 * $0 + 4]), isBigEndian) }
    name = String(decoding: try content("the name", most: 1 << 12), as: UTF8.self)
  }

  func variable(_ content: Range<Int>, _ isCompressed: Bool) -> MATFile.Variable {
    let isKnown = Self.classes.indices.contains(classCode)
    let isComplex = flags & 8 != 0
    let isLogical = flags & 2 != 0
    var type = isKnown ? Self.classes[classCode] : "unknown"
    if isLogical { type = "logical" }
    if isComplex { type = "complex \(type)" }
    return MATFile.Variable(
      name: name, shape: shape, type: type,
      isNumeric: isKnown && classCode >= 6 && !isComplex && !shape.isEmpty && !name.isEmpty,
      keepsBytes: isLogical || classCode == 9, content: content, isCompressed: isCompressed)
  }
}
