/// `output[b] = scale * sum of the N / B consecutive values of input that share b`, added to what is
/// there if `accumulates`.
public struct Sum: SlottedFamily {
  /// `(N)`
  public var input: Tensor
  public var scale: Float
  public var accumulates: Bool
  /// `(B)`
  public var output: Tensor

  public init(input: Tensor, scale: Float = 1, accumulates: Bool = false, output: Tensor) {
    self.input = input
    self.scale = scale
    self.accumulates = accumulates
    self.output = output
  }
}

extension Sum {
  public static let family = Operation.Family.sum

  public static let slots = [
    Slot<Sum>("input", of: { $0.input }, extent: { _ in .vector }),
    Slot(
      "output", access: { $0.accumulates ? .update : .write }, of: { $0.output },
      extent: { _ in .vector }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { input.size }

  public func validate() throws(ProgramError) {
    let (values, sums) = (input.shape.count, output.shape.count)
    try expect(
      values % sums == 0, "expected the \(values) values to be divided among \(sums) sums.")
  }
}
