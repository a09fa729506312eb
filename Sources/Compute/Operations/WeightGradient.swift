/// `gradient[o, i] = sum over r of scale[r] * delta[r, o] * input[r, i]`, added to what is there,
/// multiplied by `decay`, if it accumulates.
public struct WeightGradient: SlottedFamily {
  /// `(R, out)`
  public var delta: Tensor
  /// `(R, in)`
  public var input: Tensor
  /// `(R)`: the coefficient of each row; 1 if absent.
  public var rowScale: Tensor?
  public var accumulates: Bool
  /// `(1)`: what the gradient is multiplied by before it is added to. Where it is 0, what the
  /// gradient held does not matter, not even NaN.
  public var decay: Tensor?
  /// `(out, in)`, a gradient or an accumulator.
  public var gradient: Tensor

  public init(
    delta: Tensor, input: Tensor, rowScale: Tensor? = nil, accumulates: Bool = false,
    decay: Tensor? = nil, gradient: Tensor
  ) {
    self.delta = delta
    self.input = input
    self.rowScale = rowScale
    self.accumulates = accumulates
    self.decay = decay
    self.gradient = gradient
  }
}

extension WeightGradient {
  public static let family = Operation.Family.weightGradient

  public static let slots = [
    Slot<WeightGradient>("delta", of: { $0.delta }, extent: { _ in .matrix }),
    Slot(
      "input", of: { $0.input },
      extent: { .exactly(.matrix(rows: $0.delta.shape.rows, columns: $0.input.shape.columns)) }),
    Slot("row_scale", of: { $0.rowScale }, extent: { .exactly(.vector($0.delta.shape.rows)) }),
    Slot(
      "gradient", access: { $0.accumulates ? .update : .write }, place: .gradient,
      of: { $0.gradient },
      extent: { .exactly(.matrix(rows: $0.delta.shape.columns, columns: $0.input.shape.columns)) }),
    // Where a device keeps another copy of the weight, which follows its update.
    Slot("second_copy", .write, place: .parameter, of: { _ in nil }),
    Slot("decay", of: { $0.decay }, extent: { _ in .exactly(.vector(1)) }),
  ]

  public var rows: Int? { nil }
  public static let isMatrixProduct = true
  public var arithmetic: Double { 2 * gradient.size * Double(delta.shape.rows) }

  public func validate() throws(ProgramError) {
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
  }
}
