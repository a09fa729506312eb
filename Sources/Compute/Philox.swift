/// Philox4x32-10, the counter-based generator of Salmon et al. (2011): a keyed bijection of
/// 128-bit counters. Randomness is addressed by its counter, never drawn from a state.
public enum Philox {
  /// The four random words at a counter.
  ///
  /// - Parameters:
  ///   - counter: The address of the block.
  ///   - seed: The key; its low word comes first.
  public static func words(at counter: SIMD4<UInt32>, seed: UInt64) -> SIMD4<UInt32> {
    var block = counter
    var key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    for _ in 0..<10 {
      let first = block.x.multipliedFullWidth(by: 0xD251_1F53)
      let second = block.z.multipliedFullWidth(by: 0xCD9E_8D57)
      block = SIMD4(
        second.high ^ block.y ^ key.x, second.low,
        first.high ^ block.w ^ key.y, first.low)
      key.x &+= 0x9E37_79B9
      key.y &+= 0xBB67_AE85
    }
    return block
  }
}
