import Files
import Foundation

/// A message in the protocol-buffer encoding, written field by field.
///
/// Numbers of repeated fields are written one by one, not packed: every reader takes that.
struct ProtocolBuffer: Hashable, Sendable {
  /// The message's bytes.
  private(set) var data = Data()

  /// The way in which a field's bytes are delimited.
  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  /// Adds an integer, an enumeration's case or a truth value.
  mutating func add(_ field: Int, _ value: Int) {
    key(field, .varint)
    // Negative numbers take ten bytes, as those of 64-bit fields do.
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: Int, _ value: Float) {
    key(field, .fixed32)
    fixed(value.bitPattern)
  }

  mutating func add(_ field: Int, _ value: Double) {
    key(field, .fixed64)
    fixed(value.bitPattern)
  }

  mutating func add(_ field: Int, _ bytes: Data) {
    key(field, .lengthDelimited)
    varint(UInt64(bytes.count))
    data += bytes
  }

  mutating func add(_ field: Int, _ text: String) {
    add(field, Data(text.utf8))
  }

  /// Adds a message within the message.
  mutating func add(_ field: Int, _ message: ProtocolBuffer) {
    add(field, message.data)
  }

  private mutating func key(_ field: Int, _ type: WireType) {
    precondition(field > 0, "fields are numbered from 1")
    varint(UInt64(field) << 3 | type.rawValue)
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      data.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    data.append(UInt8(rest))
  }

  private mutating func fixed<Integer: FixedWidthInteger>(_ value: Integer) {
    data += littleEndian([value])
  }
}
