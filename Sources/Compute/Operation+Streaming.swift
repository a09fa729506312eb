/// Streams a chunk of each image's log-weights into running sums that never overflow. With t the
/// temperature:
///
///     maximum = the log-weight so far whose t * log w is largest
///     sum     = sum over k of exp(t (log w - maximum))
///     squares = sum over k of exp(t (log w - maximum))^2
///
/// Sums over earlier chunks are rescaled when the maximum moves; what else was summed with these
/// weights follows by `decay`.
public struct AccumulateWeights: Hashable, Sendable {
  /// `(B * S)`
  public var logWeights: Tensor
  public var temperature: Float
  /// `(B)`; before the first chunk, infinite with the sign opposite to the temperature's.
  public var maximum: Tensor
  /// `(B)`, 0 before the first chunk.
  public var sum: Tensor
  /// `(B)`, 0 before the first chunk.
  public var squares: Tensor?
  /// `(B)`: exp(t (old maximum - new maximum)), 0 at the first chunk.
  public var decay: Tensor?
  /// `(B)`: its square.
  public var squaredDecay: Tensor?
  public var coefficients: [Coefficients]

  /// The most columns of coefficients.
  public static let maximumCoefficients = 4

  /// A column of coefficients that is not normalised yet:
  /// `factor * exp(t (log w - maximum))^degree`.
  public struct Coefficients: Hashable, Sendable {
    /// 1 or 2.
    public var degree: Int
    public var factor: Float
    /// `(B * S)`
    public var output: Tensor

    public init(degree: Int, factor: Float, output: Tensor) {
      self.degree = degree
      self.factor = factor
      self.output = output
    }
  }

  public init(
    logWeights: Tensor, temperature: Float = 1, maximum: Tensor, sum: Tensor,
    squares: Tensor? = nil, decay: Tensor? = nil, squaredDecay: Tensor? = nil,
    coefficients: [Coefficients] = []
  ) {
    self.logWeights = logWeights
    self.temperature = temperature
    self.maximum = maximum
    self.sum = sum
    self.squares = squares
    self.decay = decay
    self.squaredDecay = squaredDecay
    self.coefficients = coefficients
  }
}

/// `output = scale * input / sum^degree`, added to what is there if it accumulates: a sum over
/// weights that were not normalised becomes one over weights that are. Where the sum of weights is
/// 0 there is no signal, and nothing is added.
public struct Normalize: Hashable, Sendable {
  /// A plain tensor or an accumulator.
  public var input: Tensor
  /// `(1)`: the sum of the weights; nil where they needed none.
  public var sum: Tensor?
  /// 1 or 2.
  public var degree: Int
  public var scale: Float
  public var accumulates: Bool
  /// The shape of the input; a gradient where the input is an accumulator.
  public var output: Tensor

  public init(
    input: Tensor, sum: Tensor? = nil, degree: Int = 1, scale: Float = 1,
    accumulates: Bool = false, output: Tensor
  ) {
    self.input = input
    self.sum = sum
    self.degree = degree
    self.scale = scale
    self.accumulates = accumulates
    self.output = output
  }
}

/// `output = scale * (maximum + log(sum / count) / temperature)`, added to what is there if it
/// accumulates: the bound of a stream of weights.
public struct LogMean: Hashable, Sendable {
  /// `(B)`, as `AccumulateWeights` leaves it.
  public var maximum: Tensor
  /// `(B)`
  public var sum: Tensor
  public var temperature: Float
  /// The log-weights of each image.
  public var count: Int
  public var scale: Float
  public var accumulates: Bool
  /// `(B)`
  public var output: Tensor

  public init(
    maximum: Tensor, sum: Tensor, temperature: Float = 1, count: Int, scale: Float = 1,
    accumulates: Bool = false, output: Tensor
  ) {
    self.maximum = maximum
    self.sum = sum
    self.temperature = temperature
    self.count = count
    self.scale = scale
    self.accumulates = accumulates
    self.output = output
  }
}
