import Compute

/// The log-weights of one image's independent samples, and what they tell of its log-likelihood.
///
/// Weights are relative to the largest of those that are looked at, so that none overflows; zero
/// weights (a log-weight of minus infinity) are allowed as long as one of each group is not zero.
public struct LogWeights: Sendable {
  /// In the order of the samples.
  private let values: [Double]

  public var count: Int { values.count }

  /// - Parameter values: The log-weights; at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty)
    self.values = values
  }

  /// Some of the samples.
  func part(_ range: Range<Int>) -> LogWeights { LogWeights(Array(values[range])) }

  /// The largest log-weight of a range, and the weights divided by that weight.
  private func scaled(_ range: Range<Int>) -> (largest: Double, weights: [Double]) {
    let largest = values[range].reduce(-.infinity, max)
    return (largest, values[range].map { exponential($0 - largest) })
  }

  /// L_k with a single group: the log of the mean weight of a range of samples.
  private func logMean(_ range: Range<Int>) -> Double {
    let (largest, weights) = scaled(range)
    return largest + naturalLogarithm(weights.reduce(0, +) / Double(range.count))
  }

  /// The log of the mean of all weights.
  public var logMean: Double { logMean(0..<count) }

  /// Every log-weight less the log of the mean of all.
  public var relativeToMean: [Double] {
    let mean = logMean
    return values.map { $0 - mean }
  }

  /// An average and the square of its standard error; the square is nil where one value says nothing
  /// of its spread.
  public struct Estimate: Hashable, Sendable {
    public var mean: Double
    public var squaredError: Double?

    /// The mean of values that know nothing of each other.
    public init(_ values: [Double]) {
      mean = values.reduce(0, +) / Double(values.count)
      let count = Double(values.count)
      squaredError = values.count > 1 ? Self.squares(values) / (count - 1) / count : nil
    }

    /// A value of all samples, whose error the values without one part of them tell (Tukey).
    init(_ whole: Double, leftOut: [Double]) {
      mean = whole
      let count = Double(leftOut.count)
      squaredError = leftOut.count > 1 ? Self.squares(leftOut) * (count - 1) / count : nil
    }

    private static func squares(_ values: [Double]) -> Double {
      let center = values.reduce(0, +) / Double(values.count)
      return values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
    }
  }

  /// As many parts of the samples are left out in turn.
  private static let parts = 20

  /// A function's value for the samples. Its error is by leaving out parts of them, which also sees
  /// that a single weight is nearly all; the slope of the logarithm would call that an error of one.
  func estimate(_ value: (LogWeights) -> Double) -> Estimate {
    let parts = min(Self.parts, count)
    guard parts > 1 else { return Estimate(value(self), leftOut: []) }
    return Estimate(
      value(self),
      leftOut: (0..<parts).map { part in
        value(
          LogWeights(
            Array(values[..<(part * count / parts)] + values[((part + 1) * count / parts)...])))
      })
  }

  /// L_k: the mean over as many disjoint groups of k samples as there are.
  public func bound(_ k: Int) -> Estimate {
    guard 2 * k <= count else { return part(0..<min(k, count)).estimate(\.logMean) }
    return Estimate(groups(k).map(logMean))
  }

  /// L_k without its error.
  func meanBound(_ k: Int) -> Double {
    let groups = groups(k)
    return groups.reduce(0) { $0 + logMean($1) } / Double(groups.count)
  }

  /// The disjoint groups of k samples, of which there is at least one.
  private func groups(_ k: Int) -> [Range<Int>] {
    (0..<count / k).map { $0 * k..<($0 + 1) * k }
  }

  /// Nowozin's jackknife of order 1, of groups of k samples: k L_k - (k - 1) times the mean of L over
  /// all but one, which takes the bias of order 1/k away.
  public func jackknife(_ k: Int) -> Estimate {
    guard k > 1 else { return bound(1) }
    guard 2 * k <= count else {
      return part(0..<min(k, count)).estimate { $0.jackknife(0..<$0.count) }
    }
    return Estimate(groups(k).map(jackknife))
  }

  private func jackknife(_ range: Range<Int>) -> Double {
    guard range.count > 1 else { return values[range.lowerBound] }
    let size = Double(range.count)
    // Logarithms of what stands before and behind each sample, not differences, which would cancel
    // where one weight is nearly all.
    var after = [Double](repeating: -.infinity, count: range.count + 1)
    for offset in stride(from: range.count - 1, through: 0, by: -1) {
      after[offset] = logSum(after[offset + 1], values[range.lowerBound + offset])
    }
    var before = -Double.infinity
    var left = 0.0
    for offset in 0..<range.count {
      left += logSum(before, after[offset + 1]) - naturalLogarithm(size - 1)
      before = logSum(before, values[range.lowerBound + offset])
    }
    return size * (before - naturalLogarithm(size)) - (size - 1) * left / size
  }

  /// log(e^a + e^b).
  private func logSum(_ a: Double, _ b: Double) -> Double {
    let (high, low) = (max(a, b), min(a, b))
    return low == -.infinity ? high : high + logarithmOfOnePlus(exponential(low - high))
  }

  /// SUMO (Luo et al.): an unbiased estimate of the log-likelihood, by summing the steps from L_1 to
  /// L_2, L_3 and so on up to a random number of them, each divided by the chance to get that far.
  ///
  /// - Parameter uniforms: A number from (0, 1) for each of the estimates that are averaged; each gets
  ///   an equal share of the samples.
  public func sumo(_ uniforms: [Double]) -> Estimate {
    let share = count / max(uniforms.count, 1)
    precondition(share > 0)
    return Estimate(
      uniforms.enumerated().map { index, uniform in
        sumo(index * share..<(index + 1) * share, steps: Truncation.steps(uniform))
      })
  }

  private func sumo(_ range: Range<Int>, steps: Int) -> Double {
    var sum = values[range.lowerBound]
    var last = sum
    var result = sum
    // A share ends the sum as well; with 250 samples next to never.
    for step in 1...max(1, min(steps, range.count - 1)) where range.count > 1 {
      sum = logSum(sum, values[range.lowerBound + step])
      let next = sum - naturalLogarithm(Double(step + 1))
      result += (next - last) / Truncation.chance(step)
      last = next
    }
    return result
  }

  /// The number of SUMO's steps: at least k with the chance 1/k, and beyond 80 ever less likely.
  private enum Truncation {
    static let start = 80
    static let decay = 0.9

    static func chance(_ k: Int) -> Double {
      k < start
        ? 1 / Double(k)
        : exponential(Double(k - start) * naturalLogarithm(decay)) / Double(start)
    }

    static func steps(_ uniform: Double) -> Int {
      if uniform * Double(start) >= 1 { return Int(1 / uniform) }
      return start + Int(naturalLogarithm(uniform * Double(start)) / naturalLogarithm(decay))
    }
  }

  /// (sum w)^2 / sum w^2.
  public var effectiveSampleSize: Double {
    let weights = scaled(0..<count).weights
    let sum = weights.reduce(0, +)
    return sum * sum / weights.reduce(0) { $0 + $1 * $1 }
  }

  /// The shape of the Pareto distribution that the largest weights follow (Vehtari et al.): above 0.7
  /// an importance estimate is not to be trusted. Nil where there are too few samples to tell.
  public var paretoShape: Double? {
    let tail = Int(min(0.2 * Double(count), 3 * Double(count).squareRoot()).rounded(.up))
    guard tail >= 5 else { return nil }
    let sorted = scaled(0..<count).weights.sorted()
    let threshold = sorted[count - tail - 1]
    let excess = sorted.suffix(tail).map { $0 - threshold }
    guard let least = excess.first(where: { $0 > 0 }), least.isFinite,
      excess[excess.count - 1] > 0
    else { return nil }
    return GeneralizedPareto.shape(excess)
  }
}

/// The generalized Pareto distribution, fitted as Zhang and Stephens do: the posterior mean over a grid
/// of one of its parameters.
enum GeneralizedPareto {
  /// - Parameter values: In ascending order, not negative, the last positive.
  static func shape(_ values: [Double]) -> Double {
    let count = Double(values.count)
    let gridSize = 30 + Int(count.squareRoot())
    let quartile = max(values[max(Int(count / 4 + 0.5) - 1, 0)], values[values.count - 1] * 1e-12)
    let top = values[values.count - 1]
    let grid = (1...gridSize).map { index -> Double in
      let ratio = (Double(gridSize) / (Double(index) - 0.5)).squareRoot()
      return 1 / top + (1 - ratio) / (3 * quartile)
    }
    func shape(_ b: Double) -> Double {
      var sum = 0.0
      for value in values { sum += logarithmOfOnePlus(-b * value) }
      return sum / count
    }
    let logLikelihoods = grid.map { b -> Double in
      let k = shape(b)
      return count * (naturalLogarithm(-b / k) - k - 1)
    }
    let largest = logLikelihoods.filter { !$0.isNaN }.reduce(-Double.infinity, max)
    let weights = logLikelihoods.map { $0.isNaN ? 0 : exponential($0 - largest) }
    let total = weights.reduce(0, +)
    var b = 0.0
    for (point, weight) in zip(grid, weights) { b += point * weight / total }
    // As if ten further values had the shape 1/2: few values say little.
    return (count * shape(b) + 5) / (count + 10)
  }
}
