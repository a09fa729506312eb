import Compute

/// Rounds numbers to single precision, up or down by chance.
final class Rounding {
  private let seed: UInt64
  /// The calls so far, each of which has chances of its own.
  private var calls: UInt32 = 0

  init(seed: UInt64) {
    self.seed = seed
  }

  func round(_ values: UnsafeMutableBufferPointer<Double>) {
    let address = NoiseAddress(seed: seed, purpose: .data, time: calls)
    calls &+= 1
    for (column, value) in values.enumerated() {
      let near = Float(value)
      guard near.isFinite, Double(near) != value else { continue }
      let other = Double(near) < value ? near.nextUp : near.nextDown
      values[column] = Double(address.word(column: column) & 1 == 0 ? near : other)
    }
  }
}
