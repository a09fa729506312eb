/// `output = scale * (maximum + log(sum / count) / temperature)`, added to what is there if it
/// accumulates: the bound of a stream of weights.
public struct LogMean: SlottedFamily {
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

extension LogMean {
  public static let slots = [
    Slot<LogMean>("maximum", of: { $0.maximum }, extent: { .exactly($0.output.shape) }),
    Slot("sum", of: { $0.sum }, extent: { .exactly($0.output.shape) }),
    Slot(
      "output", .write, accumulates: { $0.accumulates }, of: { $0.output },
      extent: { _ in .vector }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { 4 * output.size }

  public func validate() throws(ProgramError) {
    try expect(count >= 1, "expected a count of at least 1, found \(count).")
    try validate(temperature: temperature)
  }
}
