/// The signal-to-noise ratio of a gradient, from the means of independent blocks of draws.
///
/// With mu the expected gradient and S the covariance of one draw's gradient, the ratio is
/// |mu| / sqrt(tr S). From R block means of n draws each, |mu|^2 is estimated by the mean of the
/// products of different blocks' means, which has no bias however small the signal is, and tr S by n
/// times the variance of the block means.
public struct GradientSignal: Sendable {
  public let blocks: Int
  private let draws: Int
  /// The products of block means, `(R, R)`.
  private let products: [Double]
  /// The root mean square over parameters of their own ratios; nil where no signal was found.
  public let perParameter: Double?

  /// - Parameters:
  ///   - means: The gradient's mean over the draws of each block; at least four blocks.
  ///   - draws: The draws of a block.
  public init(blockMeans means: [[Float]], draws: Int) {
    precondition(means.count >= 4)
    blocks = means.count
    self.draws = draws
    var products = [Double](repeating: 0, count: means.count * means.count)
    for i in means.indices {
      for j in 0...i {
        let product = Self.product(means[i], means[j])
        products[i * means.count + j] = product
        products[j * means.count + i] = product
      }
    }
    self.products = products
    perParameter = Self.perParameter(means, draws: draws)
  }

  private static func product(_ a: [Float], _ b: [Float]) -> Double {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sums = SIMD8<Double>.zero
        let whole = a.count / 8 * 8
        for start in stride(from: 0, to: whole, by: 8) {
          for lane in 0..<8 { sums[lane] += Double(a[start + lane]) * Double(b[start + lane]) }
        }
        var sum = sums.sum()
        for index in whole..<a.count { sum += Double(a[index]) * Double(b[index]) }
        return sum
      }
    }
  }

  /// With t^2 = R mean^2 / variance, noncentral F: E[t^2] = (R - 1) / (R - 3) (1 + R n ratio^2).
  private static func perParameter(_ means: [[Float]], draws: Int) -> Double? {
    let count = Double(means.count)
    var (sum, parameters) = (0.0, 0.0)
    for index in means[0].indices {
      var (total, squares) = (0.0, 0.0)
      for block in means {
        total += Double(block[index])
        squares += Double(block[index]) * Double(block[index])
      }
      let mean = total / count
      let variance = (squares - total * mean) / (count - 1)
      // What never varies, as the weights of a pixel that is always black, has no ratio.
      guard variance > 1e-12 * squares else { continue }
      let t2 = count * mean * mean / variance
      sum += (t2 * (count - 3) / (count - 1) - 1) / (count * Double(draws))
      parameters += 1
    }
    guard parameters > 0, sum > 0 else { return nil }
    return (sum / parameters).squareRoot()
  }

  /// |mu|^2, and the variance of the block means, of all blocks, or of all but one.
  private func moments(without left: Int?) -> (square: Double, variance: Double) {
    var (same, all) = (0.0, 0.0)
    for i in 0..<blocks where i != left {
      same += products[i * blocks + i]
      for j in 0..<blocks where j != left { all += products[i * blocks + j] }
    }
    let count = Double(left == nil ? blocks : blocks - 1)
    let signal = (all - same) / (count * (count - 1))
    return (signal, (same - all / count) / (count - 1))
  }

  /// |mu|^2 / tr S of all blocks, or of all but one; not positive where noise hides the signal.
  private func squaredRatio(without left: Int?) -> Double {
    let (square, variance) = moments(without: left)
    return square / (Double(draws) * variance)
  }

  /// |mu|^2 by all blocks, and with each left out; below zero where noise hides it.
  var squares: (all: Double, leftOut: [Double]) {
    (moments(without: nil).square, (0..<blocks).map { moments(without: $0).square })
  }

  /// The square of the noise of the mean over all blocks.
  var squaredNoise: Double { moments(without: nil).variance / Double(blocks) }

  /// |mu| / sqrt(tr S); nil where noise hides the signal.
  public var ratio: Double? {
    let square = squaredRatio(without: nil)
    return square > 0 ? square.squareRoot() : nil
  }

  /// True if every gradient was a number.
  public var isFinite: Bool { products.allSatisfy(\.isFinite) }

  /// The square of the ratio by all blocks, and with each left out; below zero where noise hides it.
  var squaredRatios: (all: Double, leftOut: [Double]) {
    (squaredRatio(without: nil), (0..<blocks).map { squaredRatio(without: $0) })
  }

  /// The standard error of the logarithm of the ratio; nil unless the signal stands out from the noise
  /// by two standard errors.
  public var logError: Double? {
    let (all, leftOut) = squaredRatios
    let error = Self.jackknifeError(leftOut)
    return all > 2 * error ? error / (2 * all) : nil
  }

  static func jackknifeError(_ values: [Double]) -> Double {
    LogWeights.Estimate(0, leftOut: values).squaredError?.squareRoot() ?? .nan
  }
}
