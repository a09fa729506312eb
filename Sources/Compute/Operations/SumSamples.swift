/// `output[b] = scale * sum of the R / R0 consecutive rows of input that share b`
public struct SumSamples: SlottedFamily {
  /// `(R, N)`
  public var input: Tensor
  public var scale: Float
  public var accumulates: Bool
  /// `(R0)`: what each row of the output is multiplied by before it is added to. Where it is 0, what
  /// the row held does not matter.
  public var decay: Tensor?
  /// `(R0, N)`
  public var output: Tensor

  public init(
    input: Tensor, scale: Float = 1, accumulates: Bool = false, decay: Tensor? = nil,
    output: Tensor
  ) {
    self.input = input
    self.scale = scale
    self.accumulates = accumulates
    self.decay = decay
    self.output = output
  }
}

extension SumSamples {
  public static let family = Operation.Family.sumSamples

  public static let slots = [
    Slot<SumSamples>("input", of: { $0.input }, extent: { _ in .matrix }),
    Slot(
      "output", access: { $0.accumulates ? .update : .write }, of: { $0.output },
      extent: { .broadcast(rows: $0.input.shape.rows, columns: $0.input.shape.columns) }),
    Slot("decay", of: { $0.decay }, extent: { .exactly(.vector($0.output.shape.rows)) }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { input.size }

  public func validate() throws(ProgramError) {
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
  }
}
