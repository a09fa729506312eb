/// Processes that do one piece of work together, each with a device of its own.
///
/// All make the same calls in the same order, and each call waits for all of them.
public protocol Ranks: AnyObject {
  /// The number of this one, from 0 on.
  var rank: Int { get }
  var count: Int { get }

  /// Gives each rank a part of the values, in the order of ranks.
  ///
  /// - Parameters:
  ///   - values: The parts, end to end.
  ///   - sent: The length of each rank's part.
  ///   - received: The length of the part that each rank has for this one.
  /// - Returns: Those parts, end to end.
  func exchange(_ values: [Float], sent: [Int], received: [Int]) throws(DeviceError) -> [Float]

  /// Gives all ranks the values of each, end to end.
  ///
  /// - Parameters:
  ///   - values: This rank's values.
  ///   - counts: The number of values that each rank has.
  func gather(_ values: [Float], counts: [Int]) throws(DeviceError) -> [Float]
}

/// A process by itself.
public final class OneProcess: Ranks {
  public let rank = 0
  public let count = 1

  public init() {}

  public func exchange(_ values: [Float], sent: [Int], received: [Int]) -> [Float] { values }

  public func gather(_ values: [Float], counts: [Int]) -> [Float] { values }
}

extension Ranks {
  /// True of the one that writes files and speaks.
  public var isFirst: Bool { rank == 0 }

  /// A rank's part of a row of things, without gaps and as even as can be.
  public func range(of rank: Int, among total: Int) -> Range<Int> {
    rank * total / count..<(rank + 1) * total / count
  }

  /// Gives all ranks the bytes of each.
  public func gather(_ bytes: [UInt8]) throws(DeviceError) -> [[UInt8]] {
    if count == 1 { return [bytes] }
    let ones = Array(repeating: 1, count: count)
    let lengths = try gather([Float(bitPattern: UInt32(bytes.count))], counts: ones)
      .map { Int($0.bitPattern) }
    // Words carry the bytes, whatever numbers they would be.
    var words = [Float](repeating: 0, count: (bytes.count + 3) / 4)
    words.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    let counts = lengths.map { ($0 + 3) / 4 }
    let all = try gather(words, counts: counts)
    var start = 0
    return zip(lengths, counts).map { length, count in
      defer { start += count }
      return all[start..<start + count].withUnsafeBytes { Array($0.prefix(length)) }
    }
  }

  /// Gives all ranks the text of the first.
  public func broadcast(_ text: String) throws(DeviceError) -> String {
    let all = try gather(isFirst ? Array(text.utf8) : [])
    return String(decoding: all[0], as: UTF8.self)
  }

  /// Waits until all are here.
  public func barrier() throws(DeviceError) { _ = try isTrueOfAny(false) }

  /// True on all ranks if it is true on one.
  public func isTrueOfAny(_ condition: Bool) throws(DeviceError) -> Bool {
    if count == 1 { return condition }
    let ones = Array(repeating: 1, count: count)
    return try gather([condition ? 1 : 0], counts: ones).contains(1)
  }
}
