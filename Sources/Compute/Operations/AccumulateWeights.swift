/// Streams a chunk of each image's log-weights into running sums that never overflow. With t the
/// temperature:
///
///     maximum = the log-weight so far whose t * log w is largest
///     sum     = sum over k of exp(t (log w - maximum))
///     squares = sum over k of exp(t (log w - maximum))^2
///
/// Sums over earlier chunks are rescaled when the maximum moves; what else was summed with these
/// weights follows by `decay`.
public struct AccumulateWeights: SlottedFamily {
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

extension AccumulateWeights {
  public static let slots: [Slot<AccumulateWeights>] = {
    let images = { @Sendable (operation: AccumulateWeights) -> Extent in
      .exactly(operation.maximum.shape)
    }
    let columns = (0..<maximumCoefficients).map { index in
      Slot<AccumulateWeights>(
        "coefficients_\(index)", .write,
        of: { index < $0.coefficients.count ? $0.coefficients[index].output : nil },
        extent: { .exactly($0.logWeights.shape) })
    }
    return [
      Slot("log_weights", of: { $0.logWeights }, extent: { _ in .vector }),
      Slot("maximum", .update, of: { $0.maximum }, extent: { _ in .vector }),
      Slot("sum", .update, of: { $0.sum }, extent: images),
      Slot("squares", .update, of: { $0.squares }, extent: images),
      Slot("decay", .write, of: { $0.decay }, extent: images),
      Slot("squared_decay", .write, of: { $0.squaredDecay }, extent: images),
    ] + columns
  }()

  public var rows: Int? { maximum.shape.rows }
  public var arithmetic: Double { 6 * logWeights.size }

  public func validate() throws(ProgramError) {
    try validate(temperature: temperature)
    let (count, images) = (logWeights.shape.count, maximum.shape.count)
    try expect(
      count % images == 0,
      "expected the \(count) log-weights to be divided among \(images) images.")
    try expect(
      coefficients.count <= Self.maximumCoefficients,
      "expected at most \(Self.maximumCoefficients) columns of coefficients, found "
        + "\(coefficients.count).")
    for column in coefficients {
      try expect(
        [1, 2].contains(column.degree), "expected a degree of 1 or 2, found \(column.degree).")
    }
    let written = operands.filter(\.isWritten).compactMap(\.tensor)
    try expect(
      Set(written).count == written.count && !written.contains(logWeights),
      "every result needs a tensor of its own.")
  }
}
