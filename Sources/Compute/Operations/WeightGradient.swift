/// `gradient[o, i] = sum over r of scale[r] * delta[r, o] * input[r, i]`, added to what is there,
/// multiplied by `decay`, if it accumulates. Without an input, the input is 1: the gradient of a bias.
///
/// Of several leaves, which have as many rows each, the sums are added as `LeafTree` has them.
public struct WeightGradient: SlottedFamily {
  /// `(R, out)`
  public var delta: Tensor
  /// `(R, in)`; nil for the gradient of a bias.
  public var input: Tensor?
  /// `(R)`: the coefficient of each row; 1 if absent.
  public var rowScale: Tensor?
  public var accumulates: Bool
  /// `(1)`: what the gradient is multiplied by before it is added to. Where it is 0, what the
  /// gradient held does not matter, not even NaN.
  public var decay: Tensor?
  /// `(out, in)`, or `(out)` for a bias: a gradient or an accumulator.
  public var gradient: Tensor
  /// The leaves whose rows follow each other.
  public var leaves: Int

  public init(
    delta: Tensor, input: Tensor? = nil, rowScale: Tensor? = nil, accumulates: Bool = false,
    decay: Tensor? = nil, gradient: Tensor, leaves: Int = 1
  ) {
    self.delta = delta
    self.input = input
    self.rowScale = rowScale
    self.accumulates = accumulates
    self.decay = decay
    self.gradient = gradient
    self.leaves = leaves
  }
}

extension WeightGradient {
  public static let slots = [
    Slot<WeightGradient>("delta", of: { $0.delta }, extent: { _ in .matrix }),
    Slot(
      "input", of: { $0.input },
      extent: {
        .exactly(.matrix(rows: $0.delta.shape.rows, columns: $0.input?.shape.columns ?? 0))
      }),
    Slot("row_scale", of: { $0.rowScale }, extent: { .exactly(.vector($0.delta.shape.rows)) }),
    Slot(
      "gradient", .write, accumulates: { $0.accumulates }, place: .gradient,
      of: { $0.gradient },
      extent: { operation in
        let outputs = operation.delta.shape.columns
        return .exactly(
          operation.input.map { .matrix(rows: outputs, columns: $0.shape.columns) }
            ?? .vector(outputs))
      }),
    // Where a device keeps another copy of the weight, which follows its update.
    Slot("second_copy", .write, place: .parameter, of: { _ in nil }),
    Slot("decay", of: { $0.decay }, extent: { _ in .exactly(.vector(1)) }),
  ]

  public var rows: Int? { nil }
  public var kind: String { isMatrixProduct ? "weightGradient" : "biasGradient" }
  public var isMatrixProduct: Bool { input != nil }
  public var arithmetic: Double {
    (isMatrixProduct ? 2 : 1) * gradient.size * Double(delta.shape.rows)
  }

  public func validate() throws(ProgramError) {
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
    let rows = delta.shape.rows
    try expect(
      leaves >= 1 && rows % leaves == 0,
      "expected the \(rows) rows to be divided among \(leaves) leaves.")
    try expect(leaves == 1 || !accumulates, "the sum of several leaves is added to nothing.")
  }
}
