import Foundation
import Testing

@testable import Artifacts

@Suite struct ProtocolBufferTests {
  @Test(
    arguments: [
      (0, [0x08, 0x00]),
      (1, [0x08, 0x01]),
      (127, [0x08, 0x7f]),
      (128, [0x08, 0x80, 0x01]),
      (300, [0x08, 0xac, 0x02]),
      (16_384, [0x08, 0x80, 0x80, 0x01]),
      (-1, [0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01]),
      (.max, [0x08] + [UInt8](repeating: 0xff, count: 8) + [0x7f]),
      (.min, [0x08] + [UInt8](repeating: 0x80, count: 9) + [0x01]),
    ] as [(Int, [UInt8])])
  func integersTakeSevenBitsAByte(value: Int, bytes: [UInt8]) {
    var message = ProtocolBuffer()
    message.add(1, value)
    #expect([UInt8](message.data) == bytes)
  }

  @Test func fieldsAboveFifteenHaveKeysOfTwoBytes() {
    var message = ProtocolBuffer()
    message.add(15, 1)
    message.add(16, 1)
    #expect([UInt8](message.data) == [0x78, 0x01, 0x80, 0x01, 0x01])
  }

  @Test func numbersAreStoredLowestByteFirst() {
    var message = ProtocolBuffer()
    message.add(2, 1.5 as Float)
    message.add(1, -2.0 as Double)
    #expect(
      [UInt8](message.data)
        == [0x15, 0, 0, 0xc0, 0x3f, 0x09, 0, 0, 0, 0, 0, 0, 0, 0xc0])
  }

  @Test func textsBytesAndMessagesAreDelimitedByTheirLength() {
    var inner = ProtocolBuffer()
    inner.add(1, 150)
    var message = ProtocolBuffer()
    message.add(2, "é")
    message.add(3, Data([9, 8, 7]))
    message.add(4, inner)
    message.add(5, "")
    #expect(
      [UInt8](message.data)
        == [0x12, 2, 0xc3, 0xa9, 0x1a, 3, 9, 8, 7, 0x22, 3, 0x08, 0x96, 0x01, 0x2a, 0])
  }
}

@Suite struct CRC32CTests {
  @Test(
    arguments: [
      (Data(), 0),
      (Data("a".utf8), 0xc1d0_4330),
      (Data("123456789".utf8), 0xe306_9283),
      (Data(repeating: 0, count: 32), 0x8a91_36aa),
      (Data(repeating: 0xff, count: 32), 0x62a8_ab43),
      (Data(0..<32), 0x46dd_794e),
      (Data((0..<32).reversed()), 0x113f_db5c),
    ] as [(Data, UInt32)])
  func checksumsAreThePublishedOnes(data: Data, checksum: UInt32) {
    #expect(CRC32C.checksum(data) == checksum)
  }

  @Test func masksAreTurnedBack() {
    let data = Data("123456789".utf8)
    let rotated = CRC32C.maskedChecksum(data) &- 0xa282_ead8
    #expect(rotated << 15 | rotated >> 17 == CRC32C.checksum(data))
  }
}
