import COpenCL
import Compute

/// A buffer of floats on the device. Sixteen words before and after the content are never used by
/// a tensor; they are the outermost guards.
final class Arena {
  static let margin = 16
  /// The value of guard words.
  static let guardWord: UInt32 = 0xDEAD_BEEF
  /// The value of poisoned floats: a quiet NaN.
  static let poisonWord: UInt32 = 0x7FC0_DEAD

  /// The floats between the margins.
  let count: Int
  private let buffer: Buffer
  private let device: OpenCLDevice

  var memory: cl_mem { buffer.memory }

  init(_ device: OpenCLDevice, count: Int, what: String) throws(DeviceError) {
    self.device = device
    self.count = count
    let (bytes, overflow) = (count + 2 * Self.margin).multipliedReportingOverflow(by: 4)
    buffer = try Buffer(device, byteCount: overflow ? Int.max : bytes, what: what)
    try fill(-Self.margin..<count + Self.margin, with: 0)
  }

  /// Fills a range of words; ranges before 0 and past the count are the margins.
  func fill(_ range: Range<Int>, with word: UInt32) throws(DeviceError) {
    guard !range.isEmpty else { return }
    var pattern = word
    let start = (range.lowerBound + Self.margin) * 4
    try call("clEnqueueFillBuffer") {
      clEnqueueFillBuffer(
        device.queue, memory, &pattern, 4, start, range.count * 4, 0, nil, nil)
    }
    try device.noteEnqueued(1)
  }

  /// Writes words; they are taken before the call returns.
  ///
  /// - Parameter length: The first words that count; nil for all.
  func write(_ words: [Float], at offset: Int, length: Int? = nil) throws(DeviceError) {
    try buffer.write(words, at: (offset + Self.margin) * 4, device, count: length)
  }

  /// Waits for everything enqueued before, and reads.
  ///
  /// - Parameter others: Words that follow those that are read.
  func read(_ range: Range<Int>, followedBy others: [Float] = []) throws(DeviceError) -> [Float] {
    try buffer.read(
      range.count, at: (range.lowerBound + Self.margin) * 4, device, followedBy: others)
  }

  /// Waits for everything enqueued before, and adds all words to the first of a sum.
  func add(to sum: inout [Float]) throws(DeviceError) {
    try buffer.map(count, at: Self.margin * 4, device) { LeafTree.add($0, to: &sum) }
  }

  /// Fills everything that no tensor takes with guard words.
  func guardAround(_ regions: [Range<Int>]) throws(DeviceError) {
    for gap in gaps(around: regions) { try fill(gap, with: Self.guardWord) }
  }

  /// The first guard word that changed.
  func damagedGuard(around regions: [Range<Int>]) throws(DeviceError) -> Int? {
    let words = try read(-Self.margin..<count + Self.margin)
    for gap in gaps(around: regions) {
      for index in gap where words[index + Self.margin].bitPattern != Self.guardWord {
        return index
      }
    }
    return nil
  }

  private func gaps(around regions: [Range<Int>]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var next = -Self.margin
    for region in regions.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if region.lowerBound > next { result.append(next..<region.lowerBound) }
      next = max(next, region.upperBound)
    }
    result.append(next..<count + Self.margin)
    return result
  }
}
