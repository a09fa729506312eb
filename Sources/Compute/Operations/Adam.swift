/// One ascent step of every parameter along its gradient:
///
///     m += (1 - beta1) (g - m)        v += (1 - beta2) (g^2 - v)
///     p += stepSize * m / (momentScale * sqrt(v) + epsilon) - decay * p
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

  public init(
    beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-4, isDelayed: Bool = false,
    weightDecay: Double = 0
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.isDelayed = isDelayed
    self.weightDecay = weightDecay
  }

  /// The constants that go with a convention, as published.
  public init(_ convention: AdamConvention, weightDecay: Double = 0) {
    switch convention {
    case .usual: self.init(weightDecay: weightDecay)
    case .released: self.init(beta1: 0.99, isDelayed: true, weightDecay: weightDecay)
    }
  }
}

extension Adam {
  public static let slots: [Slot<Adam>] = []

  public var impliedRoles: Set<Role> { [.parameter, .gradient, .firstMoment, .secondMoment] }

  public var rows: Int? { nil }
  public var arithmetic: Double { 0 }

  /// Reads p, g, m and v; writes p, m and v.
  public func cost(parameterCount: Int) -> Cost {
    let count = Double(parameterCount)
    return Cost(floatingPointOperations: 14 * count, bytes: 7 * 4 * count)
  }

  public func validate() throws(ProgramError) {
    try expect(
      beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
      "expected beta1 and beta2 in [0, 1), found \(beta1) and \(beta2).")
    try expect(epsilon > 0, "expected a positive epsilon, found \(epsilon).")
    try expect(
      weightDecay >= 0 && weightDecay.isFinite,
      "expected a weight decay of at least 0, found \(weightDecay).")
  }
}
