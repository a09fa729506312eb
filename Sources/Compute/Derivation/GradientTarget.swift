/// The tensors that receive the gradients of a walk's parameters.
public struct GradientTarget: Hashable, Sendable {
  public enum Place: Hashable, Sendable {
    /// The gradient itself.
    case gradient
    /// A sum of its own, laid out like the parameters.
    case accumulator(String)

    /// The part of tensors' names that tells places apart.
    public var name: String {
      switch self {
      case .gradient: "total"
      case .accumulator(let name): name
      }
    }
  }

  public var place: Place
  public var accumulates: Bool
  /// `(1)`: what the sum is multiplied by before it is added to.
  public var decay: Tensor?

  public init(_ place: Place = .gradient, accumulates: Bool = false, decay: Tensor? = nil) {
    self.place = place
    self.accumulates = accumulates
    self.decay = decay
  }

  public func tensor(of parameter: Tensor) -> Tensor {
    switch place {
    case .gradient: parameter.counterpart(.gradient)
    case .accumulator(let name):
      Tensor("\(parameter.name).\(name)", parameter.shape, .accumulator)
    }
  }
}

/// Gradients of a walk's parameters: the coefficient of each row, nil where the cotangents hold it
/// already, and where they go.
public struct RowGradient: Hashable, Sendable {
  public var rowScale: Tensor?
  public var target: GradientTarget

  public init(rowScale: Tensor? = nil, target: GradientTarget) {
    self.rowScale = rowScale
    self.target = target
  }
}
