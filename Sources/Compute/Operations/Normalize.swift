/// `output += input / sum^degree`: a sum over weights that were not normalised becomes one over weights
/// that are. Where the sum of weights is 0 there is no signal, and nothing is added. A sum of 1 / s adds
/// the share s.
public struct Normalize: SlottedFamily {
  /// A plain tensor or an accumulator.
  public var input: Tensor
  /// `(1)`: the sum of the weights.
  public var sum: Tensor
  /// 1 or 2.
  public var degree: Int
  /// The shape of the input; a gradient where the input is an accumulator.
  public var output: Tensor

  public init(input: Tensor, sum: Tensor, degree: Int = 1, output: Tensor) {
    self.input = input
    self.sum = sum
    self.degree = degree
    self.output = output
  }
}

extension Normalize {
  public static let slots = [
    Slot<Normalize>("input", place: .sum, of: { $0.input }),
    Slot("sum", of: { $0.sum }, extent: { _ in .exactly(.vector(1)) }),
    Slot(
      "output", .update, place: .sum, of: { $0.output }, extent: { .exactly($0.input.shape) }),
  ]

  public var rows: Int? { nil }
  public var arithmetic: Double { 2 * input.size }

  public func validate() throws(ProgramError) {
    try expect([1, 2].contains(degree), "expected a degree of 1 or 2, found \(degree).")
    // The two lie alike only where both lie as parameters do, or neither.
    try expect(
      (input.role == .accumulator) == (output.role == .gradient),
      "an accumulator goes into a gradient, and nothing else does.")
  }
}
