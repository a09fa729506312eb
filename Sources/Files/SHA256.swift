/// The SHA-256 digest of FIPS 180-4, of a message that comes in pieces.
public struct SHA256: Sendable {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// The last bytes, which do not fill a block of 64 yet.
  private var rest: [UInt8] = []
  private var length: UInt64 = 0

  public init() {}

  /// Adds a piece of the message.
  public mutating func update(_ bytes: some Collection<UInt8>) {
    length += UInt64(bytes.count)
    // Byte by byte through the protocol, a collection of another module takes a hundred times as long.
    let isCopied: Void? = bytes.withContiguousStorageIfAvailable { rest.append(contentsOf: $0) }
    if isCopied == nil { rest.append(contentsOf: bytes) }
    let whole = rest.count / 64 * 64
    var state = state
    var schedule = [UInt32](repeating: 0, count: 64)
    rest.withUnsafeBufferPointer { buffer in
      for start in stride(from: 0, to: whole, by: 64) {
        let block = UnsafeBufferPointer(rebasing: buffer[start..<start + 64])
        Self.compress(block, &schedule, into: &state)
      }
    }
    self.state = state
    rest.removeFirst(whole)
  }

  /// The 32 bytes of the digest of all pieces.
  public func digest() -> [UInt8] {
    var last = self
    let bits = length * 8
    last.update([0x80])
    last.update(Array(repeating: 0, count: (56 - last.rest.count + 64) % 64))
    last.update((0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
    return last.state.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
    }
  }

  /// The digest as 64 lower-case hexadecimal digits.
  public func hexadecimal() -> String {
    digest().map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }

  /// The 32 bytes of a whole message's digest.
  public static func digest(_ message: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(message)
    return hash.digest()
  }

  /// A whole message's digest as 64 lower-case hexadecimal digits.
  public static func hexadecimal(_ message: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(message)
    return hash.hexadecimal()
  }

  private static func compress(
    _ block: UnsafeBufferPointer<UInt8>, _ schedule: inout [UInt32], into state: inout [UInt32]
  ) {
    for index in 0..<16 {
      schedule[index] = (0..<4).reduce(0) { $0 << 8 | UInt32(block[4 * index + $1]) }
    }
    for index in 16..<64 {
      let (a, b) = (schedule[index - 15], schedule[index - 2])
      let first = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
      let second = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
      schedule[index] = schedule[index - 16] &+ first &+ schedule[index - 7] &+ second
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    constants.withUnsafeBufferPointer { constants in
      for index in 0..<64 {
        let first = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let choice = (e & f) ^ (~e & g)
        let one = h &+ first &+ choice &+ constants[index] &+ schedule[index]
        let second = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        let majority = (a & b) ^ (a & c) ^ (b & c)
        (h, g, f, e) = (g, f, e, d &+ one)
        (d, c, b, a) = (c, b, a, one &+ second &+ majority)
      }
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < 64 {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      // The largest r with r^3 <= prime * 2^96, by bisection; its low 32 bits are the fraction.
      var low: UInt64 = 0
      var high: UInt64 = 1 << 36
      while high - low > 1 {
        let middle = (low + high) / 2
        if cube(middle, isAtMost: prime) { low = middle } else { high = middle }
      }
      return UInt32(truncatingIfNeeded: low)
    }
  }()

  /// True if root^3 <= prime * 2^96, for root < 2^36.
  private static func cube(_ root: UInt64, isAtMost prime: UInt64) -> Bool {
    // root^2 < 2^72, so the cube needs 108 bits: two words of 64.
    let square = root.multipliedFullWidth(by: root)
    let low = square.low.multipliedFullWidth(by: root)
    let high = square.high * root + low.high
    return high < prime << 32 || high == prime << 32 && low.low == 0
  }
}

extension SHA256 {
  /// The 32 bytes by which whoever knows a key can tell that another who knows it wrote a message: HMAC of
  /// RFC 2104.
  public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    let short = key.count > 64 ? digest(key) : key
    let block = short + Array(repeating: 0, count: 64 - short.count)
    return digest(block.map { $0 ^ 0x5c } + digest(block.map { $0 ^ 0x36 } + message))
  }
}
