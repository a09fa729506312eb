/// Which samples a softmax or a log-mean-exp runs over.
public enum SampleScope: Int, Hashable, Sendable {
  /// The K samples of one group.
  case group
  /// All M * K samples of the image.
  case all
}

/// A column of coefficients as a polynomial in normalised weights:
/// `c = constant + linear * w + square * w^2`, with `w = softmax(temperature * log w)`.
///
/// In a scope where `temperature * log w` is -infinity throughout there is no signal, and w is 0.
public struct CoefficientRule: Hashable, Sendable {
  public var scope: SampleScope
  public var temperature: Float
  public var constant: Float
  public var linear: Float
  public var square: Float

  public init(
    _ scope: SampleScope = .all, temperature: Float = 1, constant: Float = 0, linear: Float = 0,
    square: Float = 0
  ) {
    self.scope = scope
    self.temperature = temperature
    self.constant = constant
    self.linear = linear
    self.square = square
  }

  /// The same column with the opposite sign.
  public static prefix func - (rule: CoefficientRule) -> CoefficientRule {
    CoefficientRule(
      rule.scope, temperature: rule.temperature, constant: -rule.constant, linear: -rule.linear,
      square: -rule.square)
  }

  /// True if every coefficient is zero whatever the weights.
  public var isZero: Bool { constant == 0 && linear == 0 && square == 0 }
}

/// A bound as a mix: `meanShare * mean(log w) + (1 - meanShare) * average over groups (or all)
/// of log(mean(exp(temperature * log w))) / temperature`.
public struct BoundRule: Hashable, Sendable {
  public var scope: SampleScope
  public var temperature: Float
  public var meanShare: Float

  /// The temperature nearest to 0, where the bound is the difference of rounded numbers divided by
  /// the temperature: 6e-8 / 1e-3.
  public static let leastTemperature: Float = 1e-3

  /// The reason why single precision loses the bound at a temperature; nil if it does not.
  static func problem(temperature: Float) -> String? {
    if abs(temperature) >= leastTemperature && temperature.isFinite { return nil }
    return
      "expected temperatures of at least \(leastTemperature) either way, found \(temperature): "
      + "nearer to 0, the plain mean, single precision loses the bound. Use a mean share of 1 instead."
  }

  public init(_ scope: SampleScope = .all, temperature: Float = 1, meanShare: Float = 0) {
    self.scope = scope
    self.temperature = temperature
    self.meanShare = meanShare
  }
}

/// An objective and its gradient estimator as data: two bounds and three columns, and the two
/// functions that those cannot say.
public struct EstimatorRule: Hashable, Sendable {
  public var bound: BoundRule
  public var encoderBound: BoundRule
  public var decoder: CoefficientRule
  public var path: CoefficientRule
  public var score: CoefficientRule
  /// The factor, in each sample's score, of the amount by which the group's bound would fall if the
  /// sample's log-weight were the mean of the others' (Mnih and Rezende 2016). Needs two samples.
  public var leaveOneOut: Float
  /// The sum that both bounds are, averaged over groups. `w` of a column is then, summed over the points
  /// b with their widths, `w_b (1 + s (log w - eta(b)))`, where w_b = softmax(b log w) over the group
  /// and s is b; for the score, which counts the density that samples are drawn from as well, b - 1.
  public var riemann: RiemannSum?

  /// True if what a sample weighs takes more of the others than one sum over them.
  public var needsEverySample: Bool { leaveOneOut != 0 || riemann != nil }

  /// Why samples cannot be drawn in proportion to their weights for this rule; nil if they can.
  public var obstacleToDrawing: String? {
    let columns = [decoder, path, score]
    if needsEverySample { return "a sample's coefficients need every other sample" }
    if columns.contains(where: { $0.constant != 0 }) {
      return "samples of no weight have coefficients too"
    }
    let apart = columns.contains {
      !$0.isZero && ($0.scope, $0.temperature) != (decoder.scope, decoder.temperature)
    }
    return apart ? "its decoder and its encoder weigh samples in different ways" : nil
  }

  /// Why log q cannot count otherwise than once in the log-weights; nil if it can.
  public var obstacleToWeighing: String? {
    if path.isZero { return "its score is that of the density that samples are drawn from, once" }
    return path.square == 0 ? nil : "its path stands for a score that counts once"
  }

  /// The reason why it cannot be computed with groups of so many samples; nil if it can.
  public func problem(samples: Int) -> String? {
    let (bounds, columns) = ([bound, encoderBound], [decoder, path, score])
    let numbers =
      bounds.map(\.meanShare) + columns.flatMap { [$0.constant, $0.linear, $0.square] } + [
        leaveOneOut
      ]
    if let number = numbers.first(where: { !$0.isFinite }) {
      return "expected finite coefficients, found \(number)."
    }
    if leaveOneOut != 0, samples < 2 {
      return "leaving one sample out needs at least two, found \(samples)."
    }
    if let riemann {
      if let problem = riemann.problem { return problem }
      if columns.contains(where: { $0.constant != 0 || $0.square != 0 || $0.temperature != 1 }) {
        return "a Riemann sum weighs samples by the first degree of weights at a temperature of 1."
      }
    }
    let temperatures = bounds.map(\.temperature) + columns.map(\.temperature)
    return temperatures.lazy.compactMap(BoundRule.problem(temperature:)).first
  }

  /// The one way to write what the rule says of some groups: a scope or a temperature that changes
  /// nothing is the usual one.
  public func spelled(groups: Int) -> EstimatorRule {
    func scope(_ scope: SampleScope) -> SampleScope { groups == 1 ? .all : scope }
    func spelled(_ rule: BoundRule) -> BoundRule {
      rule.meanShare == 1
        ? BoundRule(meanShare: 1)
        : BoundRule(scope(rule.scope), temperature: rule.temperature, meanShare: rule.meanShare)
    }
    func spelled(_ rule: CoefficientRule) -> CoefficientRule {
      if rule.linear == 0, rule.square == 0 { return CoefficientRule(constant: rule.constant) }
      var rule = rule
      rule.scope = scope(rule.scope)
      return rule
    }
    return EstimatorRule(
      bound: spelled(bound), encoderBound: spelled(encoderBound), decoder: spelled(decoder),
      path: spelled(path), score: spelled(score), leaveOneOut: leaveOneOut, riemann: riemann)
  }

  /// True if it says the same of groups of samples as another rule does of all of them as one group.
  public func isSame(ofGroups groups: Int, asOne other: EstimatorRule) -> Bool {
    // Leaving one out is always of a group, and so is a Riemann sum.
    !needsEverySample && spelled(groups: groups) == other.spelled(groups: 1)
  }

  public init(
    bound: BoundRule, encoderBound: BoundRule? = nil, decoder: CoefficientRule,
    path: CoefficientRule, score: CoefficientRule, leaveOneOut: Float = 0,
    riemann: RiemannSum? = nil
  ) {
    self.bound = bound
    self.encoderBound = encoderBound ?? bound
    self.decoder = decoder
    self.path = path
    self.score = score
    self.leaveOneOut = leaveOneOut
    self.riemann = riemann
  }
}
