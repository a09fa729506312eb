import Compute
import Foundation

extension ReferenceDevice {
  /// Zeros for a tensor.
  func zeros(_ tensor: Tensor) throws(DeviceError) -> [Double] {
    try check(8 * tensor.shape.count, for: "'\(tensor.name)'")
    return Array(repeating: 0, count: tensor.shape.count)
  }

  /// Refuses what the system has no memory for: an array that gets none ends the process.
  ///
  /// - Parameters:
  ///   - bytes: The bytes that are needed at once.
  ///   - what: What they are needed for.
  func check(_ bytes: Int, for what: String) throws(DeviceError) {
    guard !Self.isThere(bytes) else { return }
    var (available, missing) = (0, bytes)
    while missing - available > 1 << 20 {
      let middle = available + (missing - available) / 2
      if Self.isThere(middle) { available = middle } else { missing = middle }
    }
    throw .insufficientMemory(
      device: name, what: what, askedBytes: bytes, availableBytes: available)
  }

  /// True if the system would give so many bytes.
  private static func isThere(_ bytes: Int) -> Bool {
    guard bytes > 0 else { return true }
    let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let place, place != MAP_FAILED else { return false }
    munmap(place, bytes)
    return true
  }
}
