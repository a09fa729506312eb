/// One ascent step of every parameter along its gradient:
///
///     m += (1 - beta1) (g - m)        v += (1 - beta2) (g^2 - v)
///     p += stepSize * m / (momentScale * sqrt(v) + epsilon) - decay * p
///
/// Where parameters are averaged, what they came to follows:
///
///     average += (1 - averageDecay) (p - average)
///
/// `Control` holds `stepSize`, `momentScale` and `decay`; `AdamConvention` says how they follow from
/// the step's number and the learning rate.
public struct Adam: SlottedFamily {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// True if p moves along m and v as they stood before this gradient, as the released IWAE code
  /// does.
  public var isDelayed: Bool
  /// The decay of parameters that goes past the moments, as in AdamW, over the learning rate.
  public var weightDecay: Double
  /// The share of itself that a parameter's running average keeps with each update; nil where none is
  /// kept.
  public var averageDecay: Double?

  public init(
    beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-4, isDelayed: Bool = false,
    weightDecay: Double = 0, averageDecay: Double? = nil
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.isDelayed = isDelayed
    self.weightDecay = weightDecay
    self.averageDecay = averageDecay
  }

  /// The constants that go with a convention, as published.
  public init(
    _ convention: AdamConvention, weightDecay: Double = 0, averageDecay: Double? = nil
  ) {
    switch convention {
    case .usual: self.init()
    case .released: self.init(beta1: 0.99, isDelayed: true)
    }
    (self.weightDecay, self.averageDecay) = (weightDecay, averageDecay)
  }
}

extension Adam {
  public static let slots: [Slot<Adam>] = []

  public var impliedRoles: Set<Role> {
    let moved: Set<Role> = [.parameter, .gradient, .firstMoment, .secondMoment]
    return averageDecay == nil ? moved : moved.union([.average])
  }

  public var rows: Int? { nil }
  public var arithmetic: Double { 0 }

  /// Reads p, g, m and v; writes p, m and v. An average is read and written.
  public func cost(parameterCount: Int) -> Cost {
    let count = Double(parameterCount)
    let averages = averageDecay == nil ? 0.0 : 1
    return Cost(
      floatingPointOperations: (14 + 3 * averages) * count,
      bytes: (7 + 2 * averages) * 4 * count)
  }

  public func validate() throws(ProgramError) {
    try expect(
      beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
      "expected beta1 and beta2 in [0, 1), found \(beta1) and \(beta2).")
    try expect(epsilon > 0, "expected a positive epsilon, found \(epsilon).")
    try expect(
      weightDecay >= 0 && weightDecay.isFinite,
      "expected a weight decay of at least 0, found \(weightDecay).")
    if let averageDecay {
      try expect(
        averageDecay >= 0 && averageDecay < 1,
        "expected averages to keep a share of themselves in [0, 1), found \(averageDecay).")
    }
  }
}
