/// `output[r] = the largest of row r of input that is not NaN`, -infinity where all are
public struct RowMaximum: SlottedFamily {
  /// `(R, N)`
  public var input: Tensor
  /// `(R)`
  public var output: Tensor

  public init(input: Tensor, output: Tensor) {
    self.input = input
    self.output = output
  }
}

extension RowMaximum {
  public static let slots = [
    Slot<RowMaximum>("input", of: { $0.input }, extent: { _ in .matrix }),
    Slot(
      "output", .write, of: { $0.output }, extent: { .exactly(.vector($0.input.shape.rows)) }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { input.size }
}
