/// `output[i, j] = input[i, j]`, or `input[j, i]` if it turns, a vector being one column; added to what
/// is there, multiplied by `decay`, if it accumulates.
///
/// Parameters and rows lie in ways of their own: a relay makes rows of a parameter, and carries what
/// rows have summed up into its gradient.
public struct Relay: SlottedFamily {
  /// Rows, or a parameter.
  public var input: Tensor
  public var turns: Bool
  public var accumulates: Bool
  /// `(1)`: what the output is multiplied by before it is added to. Where it is 0, what the output
  /// held does not matter, not even NaN.
  public var decay: Tensor?
  /// Rows, a gradient or an accumulator.
  public var output: Tensor

  public init(
    input: Tensor, turns: Bool = false, accumulates: Bool = false, decay: Tensor? = nil,
    output: Tensor
  ) {
    self.input = input
    self.turns = turns
    self.accumulates = accumulates
    self.decay = decay
    self.output = output
  }
}

extension Relay {
  public static let slots = [
    Slot<Relay>("input", place: .any, of: { $0.input }),
    Slot(
      "output", .write, accumulates: { $0.accumulates }, place: .sum, of: { $0.output }),
    Slot("decay", of: { $0.decay }, extent: { _ in .exactly(.vector(1)) }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { accumulates ? output.size : 0 }

  public func validate() throws(ProgramError) {
    let (from, to) = (input.shape, output.shape)
    let arrives = turns ? (from.columns, from.rows) : (from.rows, from.columns)
    try expect(
      arrives == (to.rows, to.columns),
      "expected an output of \(arrives.0) rows and \(arrives.1) columns, found \(to).")
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
  }
}
