import Files

/// The IDX format: two zero bytes, the type of the numbers, the number of sizes, the sizes, and the
/// numbers, the highest byte first.
extension NumberArray {
  private static let idxTypes: [UInt8: NumberType] = [
    0x08: NumberType(kind: .unsigned, width: 1),
    0x09: NumberType(kind: .signed, width: 1),
    0x0b: NumberType(kind: .signed, width: 2, isBigEndian: true),
    0x0c: NumberType(kind: .signed, width: 4, isBigEndian: true),
    0x0d: NumberType(kind: .float, width: 4, isBigEndian: true),
    0x0e: NumberType(kind: .float, width: 8, isBigEndian: true),
  ]

  /// True if bytes begin as the format does.
  static func isIDX(_ start: ArraySlice<UInt8>) -> Bool {
    let bytes = Array(start.prefix(4))
    return bytes.count == 4 && bytes[0] == 0 && bytes[1] == 0 && idxTypes[bytes[2]] != nil
      && (1...8).contains(bytes[3])
  }

  /// Reads the format.
  init(idx reader: ByteReader, limit: Int) throws(FormatError) {
    let magic = try reader.bytes(4, "the magic number")
    guard Self.isIDX(magic[...]), let type = Self.idxTypes[magic[2]] else {
      throw reader.problem("the magic number \(magic) is not one of IDX.")
    }
    let sizes = try reader.bytes(4 * Int(magic[3]), "the sizes")
    shape = (0..<Int(magic[3])).map { axis in
      sizes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    values = try reader.numbers(shape, type, limit: limit)
    try reader.expectEnd(after: "the numbers that the sizes \(shape) announce")
    isColumnMajor = false
  }
}
