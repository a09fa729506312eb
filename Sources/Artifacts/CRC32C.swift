import Foundation

/// The cyclic redundancy check with Castagnoli's polynomial, bits in reflected order.
enum CRC32C {
  private static let polynomial: UInt32 = 0x82f6_3b78

  /// For each byte, the remainder once eight zero bits are shifted in behind it.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in
      rest & 1 == 1 ? rest >> 1 ^ polynomial : rest >> 1
    }
  }

  /// The checksum of all bytes; zero for none.
  static func checksum(_ data: Data) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      data.withUnsafeBytes { bytes in
        ~bytes.reduce(~0) { rest, byte in
          rest >> 8 ^ table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)]
        }
      }
    }
  }

  /// The checksum as TFRecord files store it: rotated and offset, so that data with checksums inside
  /// can have a checksum itself.
  static func maskedChecksum(_ data: Data) -> UInt32 {
    let checksum = checksum(data)
    return (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
  }
}
