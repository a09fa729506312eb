/// `gradient[o] = sum over r of scale[r] * delta[r, o]`
public struct BiasGradient: SlottedFamily {
  /// `(R, out)`
  public var delta: Tensor
  /// `(R)`: the coefficient of each row; 1 if absent.
  public var rowScale: Tensor?
  public var accumulates: Bool
  /// `(1)`: what the gradient is multiplied by before it is added to. Where it is 0, what the
  /// gradient held does not matter, not even NaN.
  public var decay: Tensor?
  /// `(out)`, a gradient or an accumulator.
  public var gradient: Tensor

  public init(
    delta: Tensor, rowScale: Tensor? = nil, accumulates: Bool = false, decay: Tensor? = nil,
    gradient: Tensor
  ) {
    self.delta = delta
    self.rowScale = rowScale
    self.accumulates = accumulates
    self.decay = decay
    self.gradient = gradient
  }
}

extension BiasGradient {
  public static let family = Operation.Family.biasGradient

  public static let slots = [
    Slot<BiasGradient>("delta", of: { $0.delta }, extent: { _ in .matrix }),
    Slot("row_scale", of: { $0.rowScale }, extent: { .exactly(.vector($0.delta.shape.rows)) }),
    Slot(
      "gradient", access: { $0.accumulates ? .update : .write }, place: .gradient,
      of: { $0.gradient }, extent: { .exactly(.vector($0.delta.shape.columns)) }),
    Slot("decay", of: { $0.decay }, extent: { _ in .exactly(.vector(1)) }),
  ]

  public var rows: Int? { nil }
  public var arithmetic: Double { delta.size }

  public func validate() throws(ProgramError) {
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
  }
}
