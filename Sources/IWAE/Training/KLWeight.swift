import Compute

/// The course of the weight of log p(h) - log q(h|x) in log w while a model is trained.
public struct KLWeight: Hashable, Sendable {
  /// The weight that warm-up leads to.
  public var final: Double
  /// Passes over which it rises from 0.
  public var warmUpPasses: Double
  /// Passes after which it rises from 0 again (Fu et al. 2019); nil for never.
  public var cyclePasses: Double?

  public init(final: Double = 1, warmUpPasses: Double = 0, cyclePasses: Double? = nil) {
    self.final = final
    self.warmUpPasses = warmUpPasses
    self.cyclePasses = cyclePasses
  }

  /// The reason why a rule's gradient is wrong with such a weight over so many passes, beyond a warm-up
  /// that ends before; nil if it is right.
  public func obstacle(to rule: EstimatorRule, passes: Int) -> String? {
    let comesToOne = final == 1 && cyclePasses == nil && warmUpPasses < Double(max(passes, 1))
    return comesToOne ? nil : rule.obstacleToWeighing
  }

  /// The weight of the step that follows so many passes.
  func value(after passes: Double) -> Double {
    let done = cyclePasses.map { passes.truncatingRemainder(dividingBy: $0) } ?? passes
    return done < warmUpPasses ? final * done / warmUpPasses : final
  }
}
