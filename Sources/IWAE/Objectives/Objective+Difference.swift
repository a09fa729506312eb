import Compute

extension Objective {
  /// The rule of what dreg's gradient of the encoder differs by from the standard one, from the same
  /// samples: zero on average. Nil where there is no dreg, or none whose weights are the same.
  ///
  /// - Parameters:
  ///   - groups: The groups M.
  ///   - samples: The samples K of a group.
  public func difference(groups: Int, samples: Int) -> EstimatorRule? {
    let standard = rule(groups: groups, samples: samples)
    let doubled = rule(groups: groups, samples: samples, estimator: .dreg)
    guard hasEstimators, !standard.needsEverySample,
      let path = doubled.path - standard.path, let score = doubled.score - standard.score
    else { return nil }
    return EstimatorRule(
      bound: BoundRule(), decoder: CoefficientRule(), path: path, score: score)
  }
}

extension CoefficientRule {
  private var isOfWeights: Bool { linear != 0 || square != 0 }

  /// A column less another; nil where they are of different weights.
  fileprivate static func - (a: CoefficientRule, b: CoefficientRule) -> CoefficientRule? {
    let weighted = a.isOfWeights ? a : b
    if a.isOfWeights, b.isOfWeights, (a.scope, a.temperature) != (b.scope, b.temperature) {
      return nil
    }
    return CoefficientRule(
      weighted.scope, temperature: weighted.temperature, constant: a.constant - b.constant,
      linear: a.linear - b.linear, square: a.square - b.square)
  }
}
