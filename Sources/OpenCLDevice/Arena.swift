import COpenCL
import Compute

/// A buffer of floats on the device. Sixteen words before and after the content are never used by
/// a tensor; they are the outermost guards.
final class Arena {
  static let margin = 16
  /// What guard words hold.
  static let guardWord: UInt32 = 0xDEAD_BEEF
  /// What poisoned floats hold: a quiet NaN.
  static let poisonWord: UInt32 = 0x7FC0_DEAD

  let buffer: cl_mem
  /// The floats between the margins.
  let count: Int
  private let queue: cl_command_queue

  init(context: cl_context, queue: cl_command_queue, count: Int) throws(DeviceError) {
    self.queue = queue
    self.count = count
    let bytes = (count + 2 * Self.margin) * 4
    buffer = try make("clCreateBuffer") {
      clCreateBuffer(context, cl_mem_flags(CL_MEM_READ_WRITE), bytes, nil, $0)
    }
    try fill(-Self.margin..<count + Self.margin, with: 0)
  }

  deinit { clReleaseMemObject(buffer) }

  /// Fills a range of words; ranges before 0 and past the count are the margins.
  func fill(_ range: Range<Int>, with word: UInt32) throws(DeviceError) {
    guard !range.isEmpty else { return }
    var pattern = word
    let start = (range.lowerBound + Self.margin) * 4
    try call("clEnqueueFillBuffer") {
      clEnqueueFillBuffer(queue, buffer, &pattern, 4, start, range.count * 4, 0, nil, nil)
    }
  }

  /// Writes words; the values are taken before the call returns.
  func write(_ words: [Float], at offset: Int) throws(DeviceError) {
    try call("clEnqueueWriteBuffer") {
      clEnqueueWriteBuffer(
        queue, buffer, cl_bool(CL_TRUE), (offset + Self.margin) * 4, words.count * 4, words, 0, nil,
        nil)
    }
  }

  /// Waits for everything enqueued before, and reads.
  func read(_ range: Range<Int>) throws(DeviceError) -> [Float] {
    var result = [Float](repeating: 0, count: range.count)
    let start = (range.lowerBound + Self.margin) * 4
    try call("clEnqueueReadBuffer") {
      clEnqueueReadBuffer(
        queue, buffer, cl_bool(CL_TRUE), start, range.count * 4, &result, 0, nil, nil)
    }
    return result
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
