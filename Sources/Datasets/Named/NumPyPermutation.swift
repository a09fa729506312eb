/// `numpy.random.RandomState(seed).permutation(count)`, number for number: the released IWAE code
/// orders OMNIGLOT by it. NumPy has frozen this generator, the Mersenne twister MT19937.
struct NumPyPermutation {
  private var words: [UInt32]
  private var position = 624

  /// - Returns: The numbers 0..<count in their new order.
  static func order(_ count: Int, seed: UInt32) -> [Int] {
    var generator = NumPyPermutation(seed: seed)
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(generator.next(upTo: UInt32(last))))
    }
    return order
  }

  private init(seed: UInt32) {
    words = [seed]
    for index in 1..<624 {
      let last = words[index - 1]
      words.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(index))
    }
  }

  /// A number from 0 to the largest: words are masked and drawn again until one fits.
  private mutating func next(upTo largest: UInt32) -> UInt32 {
    let mask = UInt32.max >> UInt32(largest.leadingZeroBitCount)
    while true {
      let value = next() & mask
      if value <= largest { return value }
    }
  }

  private mutating func next() -> UInt32 {
    if position == 624 { twist() }
    var word = words[position]
    position += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  private mutating func twist() {
    for index in 0..<624 {
      let joined = words[index] & 0x8000_0000 | words[(index + 1) % 624] & 0x7fff_ffff
      let odd: UInt32 = joined & 1 == 1 ? 0x9908_b0df : 0
      words[index] = words[(index + 397) % 624] ^ joined >> 1 ^ odd
    }
    position = 0
  }
}
