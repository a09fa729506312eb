/// One half of a step of Hamiltonian dynamics: momenta follow the density's gradient, and positions
/// their momenta.
///
///     momentum += e / 2 * densityScale * gradient        with e the image's step size
///     position += e * momentum                           where there is a position
///
/// Once with the position and, at the gradient there, once without: that is a leapfrog step.
public struct Leapfrog: Hashable, Sendable {
  /// `(R, L)`: the derivative of a log density, which the control record's `densityScale` multiplies.
  public var gradient: Tensor
  /// `(B)`: the step size of each image.
  public var stepSizes: Tensor
  /// `(R, L)`, changed in place.
  public var momentum: Tensor
  /// `(R, L)`, changed in place.
  public var position: Tensor?

  public init(gradient: Tensor, stepSizes: Tensor, momentum: Tensor, position: Tensor? = nil) {
    self.gradient = gradient
    self.stepSizes = stepSizes
    self.momentum = momentum
    self.position = position
  }
}

/// Metropolis's choice between where a trajectory began and where it ended:
///
///     accepted = u < exp(densityScale (density after - before) + momentum density after - before)
///
/// with u the row's own uniform number. What is not a number is not accepted.
public struct Accept: Hashable, Sendable {
  /// What a trajectory's end is judged by.
  public struct End: Hashable, Sendable {
    /// `(R)`: a log density, which the control record's `densityScale` multiplies.
    public var density: Tensor
    /// `(R)`: the log density of the momenta.
    public var momentumDensity: Tensor

    public init(density: Tensor, momentumDensity: Tensor) {
      self.density = density
      self.momentumDensity = momentumDensity
    }
  }

  public var before: End
  public var after: End
  /// `(B)`, `uint32`: each image's row in its data set, which addresses the uniform numbers.
  public var indices: Tensor
  /// `(R)`: 1 or 0.
  public var accepted: Tensor

  public init(before: End, after: End, indices: Tensor, accepted: Tensor) {
    self.before = before
    self.after = after
    self.indices = indices
    self.accepted = accepted
  }
}

/// `output = input` in the rows whose choice is not 0; the others stay as they are.
public struct Select: Hashable, Sendable {
  /// `(R)`
  public var choice: Tensor
  /// `(R, N)`
  public var input: Tensor
  /// `(R, N)`
  public var output: Tensor

  public init(choice: Tensor, input: Tensor, output: Tensor) {
    self.choice = choice
    self.input = input
    self.output = output
  }
}
