/// Quadratic functions of each row, as the logarithms of Gaussians with independent units are:
///
///     output[r, c] = bias[c] - 1/2 sum over k of ((input[r, k] - center[k, c]) scale[k, c])^2
///
/// Differences are squared as they are, so that no digits are lost where a Gaussian is narrow and far
/// from 0.
public struct Quadratic: SlottedFamily {
  /// `(R, K)`
  public var input: Tensor
  /// `(K, C)`, rows that were worked out before.
  public var center: Tensor
  /// `(K, C)`, as the center.
  public var scale: Tensor
  /// `(C)`
  public var bias: Tensor
  /// `(R, C)`
  public var output: Tensor

  public init(input: Tensor, center: Tensor, scale: Tensor, bias: Tensor, output: Tensor) {
    self.input = input
    self.center = center
    self.scale = scale
    self.bias = bias
    self.output = output
  }
}

extension Quadratic {
  public static let slots = [
    Slot<Quadratic>("input", of: { $0.input }, extent: { _ in .matrix }),
    Slot("center", of: { $0.center }, extent: { .exactly($0.factorShape) }),
    Slot("scale", of: { $0.scale }, extent: { .exactly($0.factorShape) }),
    Slot("bias", of: { $0.bias }, extent: { .exactly(.vector($0.output.shape.columns)) }),
    Slot(
      "output", .write, of: { $0.output },
      extent: {
        .exactly(.matrix(rows: $0.input.shape.rows, columns: $0.output.shape.columns))
      }),
  ]

  private var factorShape: Shape {
    .matrix(rows: input.shape.columns, columns: output.shape.columns)
  }

  public var rows: Int? { output.shape.rows }
  public var isMatrixProduct: Bool { true }
  public var arithmetic: Double { 4 * output.size * Double(input.shape.columns) }

  public func validate() throws(ProgramError) {
    try expect(input != output, "the output cannot replace the input.")
  }
}
