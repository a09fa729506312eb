/// `output[r] = log of the sum of exp(input[r, :])`: -infinity where all of a row is.
public struct LogSumExp: SlottedFamily {
  /// `(R, N)`
  public var input: Tensor
  /// `(R)`
  public var output: Tensor

  public init(input: Tensor, output: Tensor) {
    self.input = input
    self.output = output
  }
}

extension LogSumExp {
  public static let slots = [
    Slot<LogSumExp>("input", of: { $0.input }, extent: { _ in .matrix }),
    Slot(
      "output", .write, of: { $0.output }, extent: { .exactly(.vector($0.input.shape.rows)) }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { 3 * input.size }
}
