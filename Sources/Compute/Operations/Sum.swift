/// `output[b] = scale * sum of the R / B consecutive rows of input that share b`, added to what is
/// there, multiplied by `decay`, if it accumulates.
public struct Sum: SlottedFamily {
  /// `(R)`, or `(R, N)`
  public var input: Tensor
  public var scale: Float
  public var accumulates: Bool
  /// `(B)`: what each row of the output is multiplied by before it is added to. Where it is 0, what
  /// the row held does not matter.
  public var decay: Tensor?
  /// `(B)`, or `(B, N)`
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

extension Sum {
  public static let slots = [
    Slot<Sum>("input", of: { $0.input }),
    Slot(
      "output", .write, accumulates: { $0.accumulates }, of: { $0.output },
      extent: {
        let shape = $0.input.shape
        return shape.isVector ? .vector : .broadcast(rows: shape.rows, columns: shape.columns)
      }),
    Slot("decay", of: { $0.decay }, extent: { .exactly(.vector($0.output.shape.rows)) }),
  ]

  public var kind: String { input.shape.isVector ? "sum" : "sumSamples" }
  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { input.size }

  public func validate() throws(ProgramError) {
    let (values, sums) = (input.shape.rows, output.shape.rows)
    try expect(
      values % sums == 0, "expected the \(values) values to be divided among \(sums) sums.")
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
  }
}
