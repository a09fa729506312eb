/// The bound and the coefficients of an objective, image by image, from its log-weights.
///
/// Each image has `groups * samples` log-weights, sample `m * samples + k` being the k-th of
/// group m. An output that is absent is not computed.
public struct Estimate: SlottedFamily {
  /// `(B * M * K)`
  public var logWeights: Tensor
  public var groups: Int
  public var samples: Int
  public var rule: EstimatorRule
  /// Multiplies every coefficient: 1 / B for the mean over a batch.
  public var scale: Float
  /// `(B)`: the bound that the decoder ascends.
  public var bounds: Tensor
  /// `(B)`: the bound that the encoder ascends, where it differs.
  public var encoderBounds: Tensor?
  /// `(B * M * K)`
  public var decoderCoefficients: Tensor?
  /// `(B * M * K)`
  public var pathCoefficients: Tensor?
  /// `(B * M * K)`
  public var scoreCoefficients: Tensor?

  public init(
    logWeights: Tensor, groups: Int, samples: Int, rule: EstimatorRule, scale: Float = 1,
    bounds: Tensor, encoderBounds: Tensor? = nil, decoderCoefficients: Tensor? = nil,
    pathCoefficients: Tensor? = nil, scoreCoefficients: Tensor? = nil
  ) {
    self.logWeights = logWeights
    self.groups = groups
    self.samples = samples
    self.rule = rule
    self.scale = scale
    self.bounds = bounds
    self.encoderBounds = encoderBounds
    self.decoderCoefficients = decoderCoefficients
    self.pathCoefficients = pathCoefficients
    self.scoreCoefficients = scoreCoefficients
  }
}

extension Estimate {
  public static let slots: [Slot<Estimate>] = {
    let weights = { @Sendable (operation: Estimate) -> Extent in
      let images = operation.bounds.shape.count
      return .exactly(.vector(images * operation.groups * operation.samples))
    }
    return [
      Slot("log_weights", of: { $0.logWeights }, extent: weights),
      Slot("bounds", .write, of: { $0.bounds }, extent: { _ in .vector }),
      Slot(
        "encoder_bounds", .write, of: { $0.encoderBounds }, extent: { .exactly($0.bounds.shape) }),
      Slot("decoder", .write, of: { $0.decoderCoefficients }, extent: weights),
      Slot("path", .write, of: { $0.pathCoefficients }, extent: weights),
      Slot("score", .write, of: { $0.scoreCoefficients }, extent: weights),
    ]
  }()

  public var rows: Int? { bounds.shape.rows }
  public var arithmetic: Double { 12 * Double(rule.riemann?.intervals ?? 1) * logWeights.size }

  public func validate() throws(ProgramError) {
    try expect(
      groups >= 1 && samples >= 1,
      "expected at least one group and one sample, found \(groups) groups of \(samples).")
    if let problem = rule.problem(samples: samples) { try expect(false, problem) }
    // An image's log-weights are read again after its first coefficients are written.
    let written = operands.filter(\.isWritten).compactMap(\.tensor)
    try expect(!written.contains(logWeights), "the coefficients cannot replace the log-weights.")
  }
}

extension OperationFamily {
  /// Refuses temperatures at which single precision loses the bound.
  func validate(temperature: Float) throws(ProgramError) {
    if let problem = BoundRule.problem(temperature: temperature) { try expect(false, problem) }
  }
}
