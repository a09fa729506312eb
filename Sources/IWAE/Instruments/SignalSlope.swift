import Compute

/// The growth of a ratio with a number of samples: the exponent s of c n^s.
///
/// The power is fitted to the squares of ratios, by least squares with the weights of their errors.
/// Squares are without bias and may be below zero. Logarithms would need those points left out that
/// noise hides, and what is left of a falling signal is what noise happened to raise.
public struct SignalSlope: Hashable, Sendable {
  public let slope: Double
  /// Half the width of the interval that holds the slope with 95% confidence.
  public let margin: Double
  /// The numbers of samples that the slope is of.
  public let points: Int

  /// The widest margin that still says something of a slope.
  private static let widestMargin = 1.0
  /// Standard errors by which one of the signals stands out, at least.
  private static let leastSignal = 3.0

  /// - Parameter signals: For each number of samples, the signal; the same draws' noise in every one.
  /// - Returns: Nil with fewer than three numbers, or where noise hides every signal.
  public init?(_ signals: some Collection<(count: Int, signal: GradientSignal)>) {
    guard signals.count >= 3, let blocks = signals.first?.signal.blocks else { return nil }
    let ratios = signals.map(\.signal.squaredRatios)
    let errors = ratios.map { GradientSignal.jackknifeError($0.leftOut) }
    let isFound = zip(ratios, errors).contains { $0.all > Self.leastSignal * $1 }
    guard isFound, errors.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    let fit = PowerFit(counts: signals.map(\.count), errors: errors)
    slope = fit.exponent(ratios.map(\.all)) / 2
    let leftOut = (0..<blocks).map { left in fit.exponent(ratios.map { $0.leftOut[left] }) / 2 }
    margin = StudentT.quantile975(blocks - 1) * GradientSignal.jackknifeError(leftOut)
    points = signals.count
    guard margin < Self.widestMargin else { return nil }
  }
}

/// The least squares of y = c n^e in c >= 0 and e.
private struct PowerFit {
  /// log n, less the mean.
  private let places: [Double]
  private let weights: [Double]

  init(counts: [Int], errors: [Double]) {
    let logarithms = counts.map { naturalLogarithm(Double($0)) }
    let mean = logarithms.reduce(0, +) / Double(logarithms.count)
    places = logarithms.map { $0 - mean }
    weights = errors.map { 1 / ($0 * $0) }
  }

  /// Exponents are looked for from minus this to this.
  private static let reach = 8.0
  private static let steps = 320

  func exponent(_ values: [Double]) -> Double {
    // The least of a grid, and then between its neighbours, by thirds.
    let step = 2 * Self.reach / Double(Self.steps)
    let losses = (0...Self.steps).map { loss(values, -Self.reach + Double($0) * step) }
    let least = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    var low = -Self.reach + Double(least - 1) * step
    var high = low + 2 * step
    for _ in 0..<40 {
      let (left, right) = (low + (high - low) / 3, high - (high - low) / 3)
      if loss(values, left) < loss(values, right) { high = right } else { low = left }
    }
    return (low + high) / 2
  }

  /// The sum of squares that the best c leaves.
  private func loss(_ values: [Double], _ exponent: Double) -> Double {
    let powers = places.map { exponential(exponent * $0) }
    var (products, squares) = (0.0, 0.0)
    for index in values.indices {
      products += weights[index] * powers[index] * values[index]
      squares += weights[index] * powers[index] * powers[index]
    }
    let scale = max(products / squares, 0)
    return values.indices.reduce(0) { sum, index in
      let difference = values[index] - scale * powers[index]
      return sum + weights[index] * difference * difference
    }
  }
}

/// Student's distribution.
enum StudentT {
  /// The value that 97.5% lies below, by Cornish and Fisher's expansion around the normal
  /// distribution: right within 0.005 from five degrees of freedom on.
  static func quantile975(_ freedom: Int) -> Double {
    let z = 1.959964
    let n = Double(freedom)
    let first = (z * z * z + z) / 4
    let second = (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / 96
    let third = (3 * power(z, 7) + 19 * power(z, 5) + 17 * power(z, 3) - 15 * z) / 384
    return z + first / n + second / (n * n) + third / (n * n * n)
  }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { result, _ in result * base }
  }
}
