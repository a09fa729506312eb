/// Draws some of each image's samples in proportion to their weights (Burda et al., section 3), so
/// that only those need to be walked backwards; the expected gradient is that of all.
///
/// Within each scope of the decoder's rule, with w the normalised weights, one uniform number u
/// divides the weights evenly: draw j takes the sample where their running sum passes (j + u) / S.
/// Its coefficients are `scale * (linear + square * w) / S` in place of `scale * (linear w + square
/// w^2)`.
public struct Draw: SlottedFamily {
  /// `(B * M * K)`
  public var logWeights: Tensor
  public var groups: Int
  public var samples: Int
  /// S, the draws of each scope.
  public var count: Int
  /// `(B)`, `uint32`: each image's row in its data set, which addresses the uniform number.
  public var indices: Tensor
  /// Without constants, and with one scope and temperature for all columns.
  public var rule: EstimatorRule
  public var scale: Float
  /// `(B * scopes * S)`, `uint32`: the index of each draw among its image's samples.
  public var drawn: Tensor
  /// `(B * scopes * S)`
  public var decoderCoefficients: Tensor
  /// `(B * scopes * S)`
  public var pathCoefficients: Tensor
  /// `(B * scopes * S)`
  public var scoreCoefficients: Tensor?

  public init(
    logWeights: Tensor, groups: Int, samples: Int, count: Int, indices: Tensor,
    rule: EstimatorRule, scale: Float = 1, drawn: Tensor, decoderCoefficients: Tensor,
    pathCoefficients: Tensor, scoreCoefficients: Tensor? = nil
  ) {
    self.logWeights = logWeights
    self.groups = groups
    self.samples = samples
    self.count = count
    self.indices = indices
    self.rule = rule
    self.scale = scale
    self.drawn = drawn
    self.decoderCoefficients = decoderCoefficients
    self.pathCoefficients = pathCoefficients
    self.scoreCoefficients = scoreCoefficients
  }

  /// The scopes of an image.
  public var scopes: Int { rule.decoder.scope == .all ? 1 : groups }
}

extension Draw {
  public static let slots: [Slot<Draw>] = {
    let draws = { @Sendable (operation: Draw) -> Extent in
      .exactly(.vector(operation.indices.shape.count * operation.scopes * operation.count))
    }
    return [
      Slot(
        "log_weights", of: { $0.logWeights },
        extent: { .exactly(.vector($0.indices.shape.count * $0.groups * $0.samples)) }),
      Slot("indices", elements: [.uint32], of: { $0.indices }, extent: { _ in .vector }),
      Slot("drawn", .write, elements: [.uint32], of: { $0.drawn }, extent: draws),
      Slot("decoder", .write, of: { $0.decoderCoefficients }, extent: draws),
      Slot("path", .write, of: { $0.pathCoefficients }, extent: draws),
      Slot("score", .write, of: { $0.scoreCoefficients }, extent: draws),
    ]
  }()

  public var rows: Int? { indices.shape.rows }
  public var arithmetic: Double { 6 * logWeights.size + 4 * drawn.size }

  public func validate() throws(ProgramError) {
    try expect(
      groups >= 1 && samples >= 1 && count >= 1,
      "expected at least one group, sample and draw, found \(groups), \(samples) and \(count).")
    let written = operands.filter(\.isWritten).compactMap(\.tensor)
    try expect(Set(written).count == written.count, "every result needs a tensor of its own.")
    if let obstacle = rule.obstacleToDrawing {
      throw .invalid(operation: "draw", problem: "the rule does not allow it: \(obstacle).")
    }
    try validate(temperature: rule.decoder.temperature)
  }
}
