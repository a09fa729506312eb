import Foundation

/// The bytes of integers, each integer's lowest first.
public func littleEndian<Integer: FixedWidthInteger>(_ values: [Integer]) -> Data {
  #if _endian(little)
    values.withUnsafeBytes { Data($0) }
  #else
    values.map(\.littleEndian).withUnsafeBytes { Data($0) }
  #endif
}

/// A whole number of up to seven bytes, the lowest first.
public func littleEndian(_ bytes: [UInt8], _ start: Int, _ width: Int) -> Int {
  bytes[start..<start + width].reversed().reduce(0) { $0 << 8 | Int($1) }
}
