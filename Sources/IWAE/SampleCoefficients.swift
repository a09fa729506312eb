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

  /// Distinguishes the tensors of different degrees.
  var suffix: String { forEncoder.place == .gradient ? "" : "\(forEncoder.place.name)." }
}

/// Where gradients go.
struct GradientTarget: Hashable {
  enum Place: Hashable {
    /// The gradient itself.
    case gradient
    /// The sum over weights of the first or second degree that are yet to be normalised.
    case linear, square
    /// One of several gradients from the same samples.
    case column(Int)

    /// The degree of the weights that are yet to be normalised.
    var degree: Int { self == .square ? 2 : 1 }

    /// What tensors are called by; sums of constants are the total itself.
    var name: String {
      switch self {
      case .gradient: "total"
      case .linear: "linear"
      case .square: "square"
      case .column(let index): "column\(index)"
      }
    }
  }

  var place = Place.gradient
  var accumulates = false
  var decay: Tensor?

  func tensor(of parameter: Tensor) -> Tensor {
    place == .gradient
      ? parameter.counterpart(.gradient)
      : Tensor("\(parameter.name).\(place.name)", parameter.shape, .accumulator)
  }
}

/// Gradients of a walk's weights: the coefficient of each row, nil where the deltas hold it already,
/// and where they go.
struct RowGradient {
  var rowScale: Tensor?
  var target: GradientTarget
}
