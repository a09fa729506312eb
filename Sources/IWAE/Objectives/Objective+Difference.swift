import Compute

extension Objective {
  /// The rule of what dreg's gradient of the encoder differs by from the standard one, from the same
  /// samples: zero on average. Nil where there is no dreg.
  func difference(groups: Int, samples: Int) -> EstimatorRule? {
    guard hasEstimators else { return nil }
    let standard = rule(groups: groups, samples: samples)
    let doubled = rule(groups: groups, samples: samples, estimator: .dreg)
    return EstimatorRule(
      bound: BoundRule(), decoder: CoefficientRule(), path: doubled.path - standard.path,
      score: doubled.score - standard.score)
  }
}

extension CoefficientRule {
  /// A column less one over the same weights.
  fileprivate static func - (a: CoefficientRule, b: CoefficientRule) -> CoefficientRule {
    let weighted = a.linear == 0 && a.square == 0 ? b : a
    return CoefficientRule(
      weighted.scope, temperature: weighted.temperature, constant: a.constant - b.constant,
      linear: a.linear - b.linear, square: a.square - b.square)
  }
}
