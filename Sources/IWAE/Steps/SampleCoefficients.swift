import Compute

/// Coefficients of the samples, and where the gradients that they weigh go. A step has one set of
/// them; a chunk of a stream has one for each degree of the weights, because each degree is
/// normalised in its own way; a comparison of estimators has many.
struct SampleCoefficients: Hashable {
  /// `(R)` each; nil where nothing is weighed.
  var decoder: Tensor?
  var path: Tensor?
  /// Nil where it is minus the path's.
  var score: Tensor?
  var forDecoder: GradientTarget
  var forEncoder: GradientTarget

  /// True if the encoder ascends anything.
  var weighsEncoder: Bool { path != nil || score != nil }

  /// The coefficient of log q with its samples held still, where it is not zero: path and score.
  var density: Formula? {
    guard let score else { return nil }
    return path.map { $0.value + score.value } ?? score.value
  }

  /// Distinguishes the tensors of different sets.
  var suffix: String {
    forEncoder.place == .gradient ? "" : "\(forEncoder.place.name)."
  }
}

extension GradientTarget.Place {
  /// The sums over weights of the first and the second degree that are yet to be normalised.
  static let linear = accumulator("linear")
  static let square = accumulator("square")

  /// One of several gradients from the same samples.
  static func column(_ index: Int) -> Self { .accumulator("column\(index)") }

  /// What one estimator's gradient differs by from another's.
  static let difference = accumulator("difference")

  /// The degree of the weights that are yet to be normalised.
  var degree: Int { self == .square ? 2 : 1 }
}
