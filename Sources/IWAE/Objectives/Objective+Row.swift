import Compute

/// M groups of K samples of an image, and the coefficients that most objectives are made of.
struct SampleCounts {
  var groups: Int
  var samples: Int

  /// 1 / (MK)
  var each: Float { 1 / Float(groups * samples) }
  /// 1 / M
  var perGroup: Float { 1 / Float(groups) }

  /// Every sample alike.
  var mean: CoefficientRule { CoefficientRule(constant: each) }
  /// The weights, normalised over all samples.
  var all: CoefficientRule { CoefficientRule(.all, linear: 1) }
  /// The weights, normalised over a group, of which there are M.
  var group: CoefficientRule { CoefficientRule(.group, linear: perGroup) }
}

extension Objective {
  /// An objective's bound and coefficients.
  struct Row {
    var bound: BoundRule
    /// The decoder's unless given.
    var encoderBound: BoundRule?
    var decoder: CoefficientRule
    /// The decoder's unless given.
    var path: CoefficientRule?
    /// Minus the path's unless given.
    var score: CoefficientRule?
    var leaveOneOut: Float = 0
    var riemann: RiemannSum?
    /// The path of the doubly reparameterized estimator.
    var doubled: CoefficientRule

    func rule(_ estimator: Estimator) -> EstimatorRule {
      let path = path ?? decoder
      return switch estimator {
      case .standard, .auto:
        EstimatorRule(
          bound: bound, encoderBound: encoderBound, decoder: decoder, path: path,
          score: score ?? -path, leaveOneOut: leaveOneOut, riemann: riemann)
      case .stl:
        EstimatorRule(
          bound: bound, encoderBound: encoderBound, decoder: decoder, path: path,
          score: CoefficientRule())
      case .dreg:
        EstimatorRule(
          bound: bound, encoderBound: encoderBound, decoder: decoder, path: doubled,
          score: CoefficientRule())
      }
    }
  }
}
