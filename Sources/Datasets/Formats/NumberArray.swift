import Files

/// Numbers in rows and columns, as files hold them.
public struct NumberArray: Hashable, Sendable {
  public enum Values: Hashable, Sendable {
    /// Numbers that the file holds as bytes: grey levels, labels, or zeros and ones.
    case bytes([UInt8])
    case floats([Float])
    /// Numbers of more digits than a float's, which images do without.
    case doubles([Double])

    public var count: Int {
      switch self {
      case .bytes(let values): values.count
      case .floats(let values): values.count
      case .doubles(let values): values.count
      }
    }

    /// Every number, in single precision.
    public var floats: [Float] {
      switch self {
      case .bytes(let values): values.map(Float.init)
      case .floats(let values): values
      case .doubles(let values): values.map { Float($0) }
      }
    }
  }

  public var shape: [Int]
  public var values: Values
  /// True if the first index runs fastest, as in MATLAB and Fortran.
  public var isColumnMajor: Bool

  public init(shape: [Int], values: Values, isColumnMajor: Bool = false) {
    self.shape = shape
    self.values = values
    self.isColumnMajor = isColumnMajor
  }

  /// The same numbers with the order of the indices reversed; none is moved.
  public var transposed: NumberArray {
    NumberArray(shape: shape.reversed(), values: values, isColumnMajor: !isColumnMajor)
  }

  /// The same array with its last index running fastest.
  public var rowMajor: NumberArray {
    guard isColumnMajor else { return self }
    let values: Values =
      switch values {
      case .bytes(let bytes): .bytes(Self.reorder(bytes, shape))
      case .floats(let floats): .floats(Self.reorder(floats, shape))
      case .doubles(let doubles): .doubles(Self.reorder(doubles, shape))
      }
    return NumberArray(shape: shape, values: values)
  }

  private static func reorder<Value>(_ values: [Value], _ shape: [Int]) -> [Value] {
    guard let last = shape.last else { return values }
    let strides = shape.indices.map { shape[..<$0].reduce(1, *) }
    let lastStride = strides[strides.count - 1]
    var result: [Value] = []
    result.reserveCapacity(values.count)
    // All indices but the last, which runs inside.
    var index = [Int](repeating: 0, count: shape.count - 1)
    for _ in 0..<values.count / last {
      let start = zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
      for position in 0..<last { result.append(values[start + position * lastStride]) }
      var axis = index.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}

/// The representation of one number in a file.
struct NumberType: Hashable {
  enum Kind: Hashable {
    case boolean, signed, unsigned, float
  }

  var kind: Kind
  /// Bytes of a number.
  var width: Int
  var isBigEndian = false

  /// As NumPy calls it.
  var name: String {
    switch kind {
    case .boolean: "bool"
    case .signed: "int\(8 * width)"
    case .unsigned: "uint\(8 * width)"
    case .float: "float\(8 * width)"
    }
  }
}

/// Turns a file's bytes into numbers, piece by piece.
struct NumberDecoder {
  private let type: NumberType
  private let keepsBytes: Bool
  private var bytes: [UInt8] = []
  private var floats: [Float] = []
  private var doubles: [Double] = []
  /// The beginning of a number whose rest is in the next piece.
  private var rest: [UInt8] = []

  /// - Parameters:
  ///   - type: The representation of numbers.
  ///   - keepsBytes: True if numbers of one byte without a sign stay bytes.
  init(_ type: NumberType, keepsBytes: Bool) {
    self.type = type
    self.keepsBytes = keepsBytes && type.width == 1 && type.kind != .signed
  }

  /// The bytes of a number in memory.
  var width: Int { keepsBytes ? 1 : areDoubles ? 8 : 4 }

  var values: NumberArray.Values {
    keepsBytes ? .bytes(bytes) : areDoubles ? .doubles(doubles) : .floats(floats)
  }

  private var areDoubles: Bool { type.kind == .float && type.width == 8 }

  /// Adds a piece; says what is wrong with a number that cannot be kept.
  mutating func append(_ piece: ArraySlice<UInt8>) -> String? {
    if keepsBytes {
      // NumPy takes anything but 0 for true, and real files have 255.
      if type.kind == .boolean {
        bytes += piece.lazy.map { $0 == 0 ? 0 : 1 }
      } else {
        bytes += piece
      }
      return nil
    }
    var piece = piece
    if !rest.isEmpty {
      let missing = min(type.width - rest.count, piece.count)
      rest += piece.prefix(missing)
      piece = piece.dropFirst(missing)
      guard rest.count == type.width else { return nil }
      if let problem = decode(rest[...]) { return problem }
      rest = []
    }
    let whole = piece.count / type.width * type.width
    if let problem = decode(piece.prefix(whole)) { return problem }
    rest = Array(piece.dropFirst(whole))
    return nil
  }

  private mutating func decode(_ piece: ArraySlice<UInt8>) -> String? {
    switch (type.kind, type.width) {
    case (.float, 4):
      return Self.each(piece, type, &floats) { (bits: UInt32) in .success(Float(bitPattern: bits)) }
    case (.float, 8):
      return Self.each(piece, type, &doubles) { (bits: UInt64) in
        .success(Double(bitPattern: bits))
      }
    case (.signed, 1): return whole(Int8.self, piece)
    case (.signed, 2): return whole(Int16.self, piece)
    case (.signed, 4): return whole(Int32.self, piece)
    case (.signed, 8): return whole(Int64.self, piece)
    case (.unsigned, 2): return whole(UInt16.self, piece)
    case (.unsigned, 4): return whole(UInt32.self, piece)
    case (.unsigned, 8): return whole(UInt64.self, piece)
    case (_, 1): return whole(UInt8.self, piece)
    default: return "numbers of type \(type.name) cannot be read."
    }
  }

  /// Adds what each group of bytes makes, until one is at fault.
  private static func each<Integer: FixedWidthInteger, Value>(
    _ piece: ArraySlice<UInt8>, _ type: NumberType, _ values: inout [Value],
    _ make: (Integer) -> Result<Value, Fault>
  ) -> String? {
    piece.withUnsafeBytes { buffer in
      for start in stride(from: 0, to: buffer.count, by: type.width) {
        let raw = buffer.loadUnaligned(fromByteOffset: start, as: Integer.self)
        switch make(type.isBigEndian ? Integer(bigEndian: raw) : Integer(littleEndian: raw)) {
        case .success(let value): values.append(value)
        case .failure(let fault): return fault.text
        }
      }
      return nil
    }
  }

  private struct Fault: Error {
    var text: String
  }

  private mutating func whole<Integer: FixedWidthInteger>(
    _: Integer.Type, _ piece: ArraySlice<UInt8>
  ) -> String? {
    Self.each(piece, type, &floats) { (value: Integer) in
      guard let float = Float(exactly: value) else {
        return .failure(
          Fault(
            text: "the whole number \(value) is too large to be kept exactly in single precision."))
      }
      return .success(float)
    }
  }
}

extension ByteReader {
  /// The numbers of an array whose header has been read.
  ///
  /// - Parameters:
  ///   - shape: The sizes that the header claims; memory grows only with what is there.
  ///   - type: The representation of numbers.
  ///   - limit: The most bytes that they may take.
  ///   - keepsBytes: True if numbers of one byte without a sign stay bytes.
  func numbers(
    _ shape: [Int], _ type: NumberType, limit: Int, keepsBytes: Bool = true
  ) throws(FormatError) -> NumberArray.Values {
    var decoder = NumberDecoder(type, keepsBytes: keepsBytes)
    // Of a number, in the file or in memory, whichever is more.
    let width = max(type.width, decoder.width)
    var size = width
    for dimension in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflow else { throw problem("the shape \(shape) is impossible.") }
      size = product
    }
    // A size of zero would hide sizes whose product overflows.
    guard size > 0 else { throw problem("the shape \(shape) holds nothing.") }
    guard size <= limit else {
      throw problem(
        "the shape \(shape) of \(type.name) takes \(size) bytes, more than the \(limit) that are "
          + "allowed.")
    }
    try pieces(size / width * type.width, "the shape \(shape) of \(type.name)") {
      piece throws(FormatError) in
      if let text = decoder.append(piece) { throw problem(text) }
    }
    return decoder.values
  }
}
