import Foundation

/// A message's fields, in the order in which they were written.
struct ProtocolBufferReader {
  enum Value: Equatable {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes(Data)
    case fixed32(UInt32)
  }

  /// Bytes that are no message.
  struct Damage: Error {}

  /// The most fields of a message, each of which takes more memory than its bytes. Long lists are packed
  /// into one.
  private static let mostFields = 1 << 16

  let fields: [(number: Int, value: Value)]

  init(_ data: Data) throws {
    var rest = data[...]
    var fields: [(number: Int, value: Value)] = []
    while !rest.isEmpty {
      guard fields.count < Self.mostFields else { throw Damage() }
      let key = try Self.varint(&rest)
      let value: Value =
        switch key & 7 {
        case 0: .varint(try Self.varint(&rest))
        case 1: .fixed64(try Self.take(8, &rest).reversed().reduce(0) { $0 << 8 | UInt64($1) })
        case 2: .bytes(Data(try Self.take(try Self.length(&rest), &rest)))
        case 5: .fixed32(try Self.take(4, &rest).reversed().reduce(0) { $0 << 8 | UInt32($1) })
        default: throw Damage()
        }
      guard let number = Int(exactly: key >> 3) else { throw Damage() }
      fields.append((number, value))
    }
    self.fields = fields
  }

  private static func take(_ count: Int, _ rest: inout Data) throws -> Data {
    guard count <= rest.count else { throw Damage() }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// The length of what follows, which may be longer than anything.
  private static func length(_ rest: inout Data) throws -> Int {
    guard let length = Int(exactly: try varint(&rest)) else { throw Damage() }
    return length
  }

  private static func varint(_ rest: inout Data) throws -> UInt64 {
    var result: UInt64 = 0
    for index in 0..<10 as Range<UInt64> {
      guard let byte = rest.popFirst() else { throw Damage() }
      result |= UInt64(byte & 0x7f) << (7 * index)
      if byte < 0x80 { return result }
    }
    throw Damage()
  }

  /// The numbers of a packed field.
  static func varints(_ data: Data) throws -> [UInt64] {
    var (rest, result) = (data[...], [UInt64]())
    while !rest.isEmpty { result.append(try varint(&rest)) }
    return result
  }

  func count(_ number: Int) -> Int { fields.count { $0.number == number } }

  func values(_ number: Int) -> [Value] { fields.filter { $0.number == number }.map(\.value) }

  func integers(_ number: Int) -> [Int] {
    values(number).compactMap { value in
      if case .varint(let bits) = value { Int(Int64(bitPattern: bits)) } else { nil }
    }
  }

  func data(_ number: Int) -> [Data] {
    values(number).compactMap { value in
      if case .bytes(let data) = value { data } else { nil }
    }
  }

  func texts(_ number: Int) -> [String] { data(number).map { String(decoding: $0, as: UTF8.self) } }

  func messages(_ number: Int) throws -> [ProtocolBufferReader] {
    try data(number).map { try ProtocolBufferReader($0) }
  }

  func float(_ number: Int) -> Float? {
    if case .fixed32(let bits)? = values(number).first { Float(bitPattern: bits) } else { nil }
  }

  func double(_ number: Int) -> Double? {
    if case .fixed64(let bits)? = values(number).first { Double(bitPattern: bits) } else { nil }
  }

  /// The one message of a field that has to be there once.
  func message(_ number: Int) throws -> ProtocolBufferReader {
    let found = try messages(number)
    guard found.count == 1 else { throw Damage() }
    return found[0]
  }
}
