import Compute

/// Appends the operations of a step: encoder, samples, decoder, log-weights, coefficients; then
/// what derives from them, back through the decoder once, for unit coefficients, and back through
/// the encoder.
struct StepBuilder {
  let model: Model
  let configuration: StepConfiguration
  var rule: EstimatorRule
  var program: ProgramBuilder
  /// The latents' layers, upwards from the data.
  var latents: [LatentLayer] = []
  /// The densities of p, downwards from the topmost latent: `(R)` each. That of the topmost latent is
  /// among them where its units depend on each other.
  var decoded: [Tensor] = []
  /// `(R, D)` each, or so many times as many columns as there are classes: the likelihood's heads.
  var dataHeads: [Tensor] = []
  /// The decoder's operations and their densities.
  var decoderRange = 0..<0
  /// The operations that work out from its parameters alone what the prior's density needs.
  var priorRange = 0..<0
  /// The coefficients of the samples: one entry, or one for each degree where chunks stream.
  var coefficients: [SampleCoefficients] = []
  /// The lowest encoder's operations, where they belong to another program.
  var lowest: [Compute.Operation]?
  /// `(B, C)`: a row with a single 1 for each image of a conditional model.
  var labels: Tensor?
  /// True if what moves a posterior's units keeps its parameters.
  var holdsMoves = false
  /// The numbers of the rows among their images' samples, where samples were drawn.
  var drawn: Tensor?

  /// Samples: one row for each of M * K samples of each image.
  var sampleRows: Int {
    configuration.batchSize * configuration.groups * configuration.samples
  }

  var top: Int { model.encoder.count - 1 }

  /// A stochastic layer forwards.
  struct LatentLayer {
    var posterior: Posterior
    /// The distribution's numbers, a row for each of what is encoded, in the order of the posterior's
    /// heads.
    var heads: [Tensor]
    var noise: Tensor
    /// `(R, latent)`: what the posterior's formulas draw.
    var units: Tensor
    /// `(R, latent)`: the same where nothing moves them.
    var sample: Tensor
    var moved: Moved?
    /// `(R, latent)`: the derivative of log q by the sample, once it is asked for.
    var slope: Tensor?
    /// `(R)`: the layer's share of log p(h) - log q(h|x), as far as the layer itself knows and for
    /// units that do not move.
    var term: Tensor
    /// The operations of the network that computed the heads, and those that draw the sample; the
    /// next is the term's.
    var network: Range<Int>
    var own = 0..<0

    /// A formula of the posterior over this layer's tensors.
    func bind(_ formula: Formula) -> BoundFormula {
      BoundFormula(
        formula.over(posterior.unitHeads, heads, ["e": noise, "z": units]),
        reading: unitHeads + [noise, units])
    }

    var unitHeads: [Tensor] { Array(heads.prefix(posterior.unitHeads.count)) }

    /// `(R)` each: all of its share.
    var terms: [Tensor] { [term] + (moved?.spreads ?? []) }
  }

  init(_ model: Model, _ configuration: StepConfiguration, name: String = "step") {
    self.model = model
    self.configuration = configuration
    rule = configuration.rule
    program = ProgramBuilder(name)
  }

  mutating func build() throws(ProgramError) -> Step {
    let (images, indices) = try appendBatch()
    try appendEncoder(images, indices)
    try appendDecoder(images)
    let (logWeights, estimated) = try appendWeights(role: .output)
    let outputs = try appendEstimate(estimated)
    try appendBackward(from: estimated)
    program.dropUnread()
    let sumsLeaves =
      configuration.leaves == 1
      || program.sumGradients(of: configuration.leaves, images: configuration.batchSize)
    try configuration.appendUpdate(of: model, to: &program)
    let isUploaded = configuration.source.isUploaded
    return Step(
      program: program.build(), images: isUploaded ? images : nil,
      labels: isUploaded ? labels : nil,
      indices: isUploaded && !configuration.noiseIsGiven ? indices : nil,
      noise: configuration.noiseIsGiven ? latents.map(\.noise) : [], logWeights: logWeights,
      bounds: outputs.bounds, encoderBounds: outputs.encoderBounds, bound: outputs.bound,
      sumsLeaves: sumsLeaves)
  }

  // MARK: Estimates

  private mutating func appendEstimate(
    _ estimated: Tensor
  ) throws(ProgramError) -> (bounds: Tensor, encoderBounds: Tensor, bound: Tensor) {
    let bounds = Tensor("image_bounds", .vector(configuration.batchSize), .output)
    let encoderBounds = Tensor("encoder_bounds", .vector(configuration.batchSize), .output)
    coefficients = [
      try appendCoefficients(
        rule, of: estimated, bounds: bounds, encoderBounds: encoderBounds,
        into: GradientTarget(accumulates: configuration.accumulates))
    ]
    if let difference = configuration.difference {
      coefficients.append(
        try appendCoefficients(
          difference, of: estimated, prefix: "difference.",
          bounds: Tensor("bounds.difference", .vector(configuration.batchSize), .temporary),
          into: GradientTarget(.difference, accumulates: configuration.accumulates)))
    }
    return (bounds, encoderBounds, try appendBound(bounds))
  }

  /// The coefficients of a rule's columns. One that is zero throughout is left out, and a path that is
  /// the decoder's column is that column.
  mutating func appendCoefficients(
    _ rule: EstimatorRule, of logWeights: Tensor, prefix: String = "", bounds: Tensor,
    encoderBounds: Tensor? = nil, into target: GradientTarget
  ) throws(ProgramError) -> SampleCoefficients {
    func tensor(_ name: String, _ isNeeded: Bool) -> Tensor? {
      isNeeded ? Tensor("coefficients.\(prefix)\(name)", logWeights.shape, .temporary) : nil
    }
    let decoder = tensor("decoder", !rule.decoder.isZero)
    let ownPath = tensor("path", rule.path != rule.decoder && !rule.path.isZero)
    // Where the score is minus the path, the two cancel and neither has to be computed.
    let score = tensor("score", rule.hasScore)
    try program.append(
      .estimate(
        Estimate(
          logWeights: logWeights, groups: configuration.groups, samples: configuration.samples,
          rule: rule, scale: configuration.scale, bounds: bounds, encoderBounds: encoderBounds,
          decoderCoefficients: decoder, pathCoefficients: ownPath, scoreCoefficients: score)))
    return SampleCoefficients(
      decoder: decoder, path: rule.path == rule.decoder ? decoder : ownPath, score: score,
      forDecoder: target, forEncoder: target)
  }

  /// The mean of the images' bounds, and the total over steps or the shares of leaves.
  @discardableResult
  mutating func appendBound(_ bounds: Tensor) throws(ProgramError) -> Tensor {
    let bound = Tensor("bound", .vector(1), .output)
    try program.append(
      .sum(Sum(input: bounds, scale: configuration.meanScale, output: bound)))
    if let total = configuration.boundTotal {
      try program.append(
        .sum(
          configuration.leaves == 1
            ? Sum(input: bound, accumulates: true, output: total)
            : Sum(input: bounds, scale: configuration.meanScale, output: total)))
    }
    return bound
  }
}

extension EstimatorRule {
  /// True if the score has coefficients of its own, which are not minus the path's.
  var hasScore: Bool { score != -path || leaveOneOut != 0 }
}

extension Formula {
  /// The formula over tensors, each of which stands for a name.
  func over(_ names: [String], _ tensors: [Tensor], _ others: [String: Tensor] = [:]) -> Formula {
    var values = others.mapValues(\.value)
    for (name, tensor) in zip(names, tensors) { values[name] = tensor.value }
    return substituting(values)
  }
}
