import Foundation

/// The error that a single-precision result may have beside the double-precision one.
///
/// An element's error is its distance from the expected value, relative to that value's size plus
/// a scale: the root mean square of the whole tensor, or more where sums of larger terms cancel.
/// Rounding errors of a sum of n terms grow like the square root of n, and so does what is allowed.
/// NaN and infinities must agree exactly; denormal numbers count as zero.
public enum Tolerance: Hashable, Sendable {
  /// The same bits.
  case exact
  /// Sums of so many terms; 1 for elementwise results.
  case sums(of: Int)
  /// Sums of so many terms, each with an importance weight. A log-weight of size s is rounded by
  /// s / 2^24, which moves the weight by as much in proportion.
  case weighted(sums: Int, logWeight: Int)
  /// Sums of so many log densities, each about one in size and each computed from sums of so many
  /// products. The sum itself, about as large as its terms are many, is rounded a few times; of its
  /// terms' errors, the root of their number is left.
  case logWeights(terms: Int, depth: Int)
  /// A whole step of any model, as gradients in double precision hold it: a share of 1e-9 of the squares,
  /// or so many times the error.
  case step(times: Int)

  /// The largest error that passes.
  public var limit: Double {
    switch self {
    case .exact: 0
    case .step(let times): Double(times) * 1e-9.squareRoot()
    case .sums(let count): 0x1p-23 * (4 + 2 * Double(count).squareRoot())
    case .weighted(let count, let size): Self.sums(of: count).limit + 0x1p-23 * Double(size)
    case .logWeights(let terms, let depth):
      0x1p-23 * (2 + 2 * (Double(depth) / Double(terms)).squareRoot())
    }
  }
}

/// The outcome of comparing two tensors.
public struct Comparison: Hashable, Sendable {
  /// The largest element's error; infinite where NaN, infinities or bits disagree.
  public let error: Double
  public let limit: Double
  /// The element whose error is largest, and its values.
  public let detail: String

  public var passes: Bool { error <= limit }

  /// The root mean square of the finite values.
  public static func scale(of values: [Float]) -> Double {
    let finite = values.filter(\.isFinite).map(Double.init)
    if finite.isEmpty { return 0 }
    return (finite.reduce(0) { $0 + $1 * $1 } / Double(finite.count)).squareRoot()
  }

  /// Compares element by element.
  public init(expected: [Float], found: [Float], tolerance: Tolerance, scale: Double) {
    precondition(expected.count == found.count && !expected.isEmpty)
    var worst = (error: 0.0, index: 0)
    for index in expected.indices {
      let error = Self.error(expected[index], found[index], scale: scale, tolerance)
      // A comparison that a NaN cannot slip through.
      if !(error <= worst.error) { worst = (error, index) }
    }
    self.error = worst.error
    limit = tolerance.limit
    detail =
      "element \(worst.index): expected \(expected[worst.index]), found \(found[worst.index])"
  }

  private static func error(
    _ expected: Float, _ found: Float, scale: Double, _ tolerance: Tolerance
  ) -> Double {
    if tolerance == .exact { return expected.bitPattern == found.bitPattern ? 0 : .infinity }
    if expected.isNaN || found.isNaN { return expected.isNaN && found.isNaN ? 0 : .infinity }
    if expected.isInfinite || found.isInfinite { return expected == found ? 0 : .infinity }
    // Denormal results may be flushed to zero.
    let normal = Float.leastNormalMagnitude
    if expected == found || abs(expected) < normal && abs(found) < normal { return 0 }
    return abs(Double(found) - Double(expected)) / (abs(Double(expected)) + scale)
  }
}
