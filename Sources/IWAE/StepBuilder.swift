import Compute

/// Where a step's images come from.
public enum BatchSource: Hashable, Sendable {
  /// Rows of a resident data set, in a resident order.
  case resident(source: Tensor, order: Tensor, scale: Float, binarization: Binarization)
  /// An input that the host uploads, already binarized.
  case uploaded
}

/// The sizes and choices of a step.
public struct StepConfiguration: Hashable, Sendable {
  public var batchSize: Int
  public var groups: Int
  public var samples: Int
  public var objective: Objective
  public var estimator: Objective.Estimator
  public var source: BatchSource
  /// Whether the host uploads the noise instead of addressing it.
  public var noiseIsGiven: Bool
  /// Nil for gradients alone.
  public var optimizer: Adam?
  /// Whether gradients are summed over the batch, as the released IWAE code does, instead of
  /// averaged.
  public var sumsOverBatch: Bool
  /// A state `(1)` to which every step adds its bound, so that the host need not read each.
  public var boundTotal: Tensor?
  /// The images over which the objective is averaged, where the step is one of several parts whose
  /// gradients add up; nil where it is the whole.
  public var wholeBatch: Int?
  /// The samples of each image, or of each group where the objective weighs groups, that are walked
  /// backwards, drawn in proportion to their weights; nil for all.
  public var backwardSamples: Int?

  public init(
    batchSize: Int, groups: Int = 1, samples: Int, objective: Objective,
    estimator: Objective.Estimator = .standard, source: BatchSource = .uploaded,
    noiseIsGiven: Bool = false, optimizer: Adam? = Adam(), sumsOverBatch: Bool = false,
    boundTotal: Tensor? = nil, wholeBatch: Int? = nil, backwardSamples: Int? = nil
  ) {
    self.batchSize = batchSize
    self.groups = groups
    self.samples = samples
    self.objective = objective
    self.estimator = estimator
    self.source = source
    self.noiseIsGiven = noiseIsGiven
    self.optimizer = optimizer
    self.sumsOverBatch = sumsOverBatch
    self.boundTotal = boundTotal
    self.wholeBatch = wholeBatch
    self.backwardSamples = backwardSamples
  }

  /// Why some of the samples cannot be drawn for the way back; nil if they can, or need not.
  public var problem: String? {
    guard let backwardSamples else { return nil }
    let rule = objective.rule(groups: groups, samples: samples, estimator: estimator)
    if noiseIsGiven || source == .uploaded {
      return "drawing samples needs noise that is addressed"
    }
    if let obstacle = rule.obstacleToDrawing {
      return "samples cannot be drawn for this objective: \(obstacle)"
    }
    let weighed = rule.decoder.scope == .all ? groups * samples : samples
    return backwardSamples < weighed
      ? nil : "expected fewer than the \(weighed) samples to draw from, found \(backwardSamples)"
  }

  /// What every coefficient is multiplied by.
  var scale: Float { sumsOverBatch ? 1 : meanScale }

  /// What turns a sum over the batch into its mean.
  var meanScale: Float { 1 / Float(wholeBatch ?? batchSize) }
}

/// A training step as a program, and the tensors by which the host meets it.
public struct Step: Hashable, Sendable {
  public let program: Program
  /// `(B, D)`: the images, where the host uploads them.
  public let images: Tensor?
  /// `(B)`, `uint32`: the images' indices, where the host uploads them.
  public let indices: Tensor?
  /// `(B * M * K, latent)` for each layer, where the host uploads the noise.
  public let noise: [Tensor]
  /// `(B * M * K)`: log p(x, h) - log q(h|x) of every sample, whatever the objective.
  public let logWeights: Tensor
  /// `(B)`: the decoder's bound of each image.
  public let bounds: Tensor
  /// `(B)`: the encoder's bound of each image.
  public let encoderBounds: Tensor
  /// `(1)`: the mean of the bounds.
  public let bound: Tensor

  /// Builds the step of a model.
  public static func build(
    _ model: Model, _ configuration: StepConfiguration
  ) throws(ProgramError) -> Step {
    if let problem = model.problem { throw .invalid(operation: "model", problem: problem) }
    guard configuration.batchSize >= 1, configuration.groups >= 1, configuration.samples >= 1
    else {
      throw .invalid(
        operation: "step",
        problem: "expected a batch, groups and samples of at least 1, found "
          + "\(configuration.batchSize), \(configuration.groups) and \(configuration.samples).")
    }
    var builder = StepBuilder(model, configuration)
    return try builder.build()
  }
}

/// Appends the operations of a step: encoder, samples, decoder, log-weights, coefficients; then
/// back through the decoder once, for unit coefficients, and back through the encoder.
struct StepBuilder {
  let model: Model
  let configuration: StepConfiguration
  var rule: EstimatorRule
  var program: ProgramBuilder
  /// The latents' layers, upwards from the data.
  var latents: [LatentLayer] = []
  /// The decoder's forward results, downwards from the topmost latent.
  var decoded: [Decoded] = []
  /// The coefficients of the samples: one entry, or one for each degree where chunks stream.
  var coefficients: [SampleCoefficients] = []
  /// Which samples of its image the rows are, where they were drawn.
  var drawn: Tensor?

  /// Samples: one row for each of M * K samples of each image.
  var sampleRows: Int {
    configuration.batchSize * configuration.groups * configuration.samples
  }

  var top: Int { model.encoder.count - 1 }

  /// What a stochastic layer computed forwards.
  struct LatentLayer {
    var activations: Activations
    var mean: Tensor
    var logSigma: Tensor
    var noise: Tensor
    var sample: Tensor
    var prior: LatentPrior
    var term: Tensor
    /// `(R, latent)`: the derivative of the decoder's densities at the sample.
    var gradient: Tensor

    /// The layer's share of log p(h) - log q(h|x), its prior taken in one way or another.
    func densities(as prior: LatentPrior, into term: Tensor) -> LatentTerm {
      LatentTerm(
        mean: mean, logSigma: logSigma, noise: noise, sample: sample, prior: prior, term: term)
    }
  }

  /// A network's input and hidden values.
  struct Activations {
    var network: Network
    /// The input, then each hidden layer.
    var values: [Tensor]
  }

  /// What a decoder network computed forwards.
  struct Decoded {
    var activations: Activations
    /// The derivative of its density with respect to each head.
    var deltas: [Tensor]
    var term: Tensor
  }

  init(_ model: Model, _ configuration: StepConfiguration, name: String = "step") {
    self.model = model
    self.configuration = configuration
    rule = configuration.objective.rule(
      groups: configuration.groups, samples: configuration.samples,
      estimator: configuration.estimator)
    program = ProgramBuilder(name)
  }

  mutating func build() throws(ProgramError) -> Step {
    let (images, indices) = try appendBatch()
    try appendEncoder(images, indices)
    try appendDecoder(images, hasDeltas: true)
    let outputs = try appendEstimate()
    try appendDecoderBackward()
    try appendEncoderBackward()
    if let optimizer = configuration.optimizer { try program.append(.adam(optimizer)) }
    let isUploaded = configuration.source == .uploaded
    return Step(
      program: program.build(), images: isUploaded ? images : nil,
      indices: isUploaded ? indices : nil,
      noise: configuration.noiseIsGiven ? latents.map(\.noise) : [],
      logWeights: outputs.logWeights, bounds: outputs.bounds,
      encoderBounds: outputs.encoderBounds, bound: outputs.bound)
  }

  /// Gathers the batch, or declares it as an input.
  mutating func appendBatch(
    as gathered: Role = .temporary
  ) throws(ProgramError) -> (images: Tensor, indices: Tensor) {
    let role: Role = configuration.source == .uploaded ? .input : gathered
    let images = Tensor(
      "images", .matrix(rows: configuration.batchSize, columns: model.dataSize), role)
    let indices = Tensor(
      "indices", .vector(configuration.batchSize), role, element: .uint32)
    if case .resident(let source, let order, let scale, let binarization) = configuration.source {
      try program.append(
        .gather(
          Gather(
            source: source, order: order, scale: scale, binarization: binarization,
            batch: images, indices: indices)))
    }
    return (images, indices)
  }

  mutating func appendEncoder(
    _ images: Tensor, _ indices: Tensor
  ) throws(ProgramError) {
    var value = images
    for (layer, network) in model.encoderNetworks.enumerated() {
      let rows = layer == 0 ? configuration.batchSize : sampleRows
      let (activations, heads) = try forward(network, value, rows: rows)
      value = try appendLatent(layer, activations, heads: heads, indices)
    }
  }

  /// Draws the samples of a layer; returns them.
  mutating func appendLatent(
    _ layer: Int, _ activations: Activations, heads: [Tensor], _ indices: Tensor
  ) throws(ProgramError) -> Tensor {
    let shape = Shape.matrix(rows: sampleRows, columns: model.encoder[layer].latent)
    let latent = LatentLayer(
      activations: activations, mean: heads[0], logSigma: heads[1],
      noise: Tensor("noise.\(layer)", shape, configuration.noiseIsGiven ? .input : .temporary),
      sample: Tensor("latent.\(layer)", shape, .temporary),
      prior: layer < top ? .conditional : configuration.objective.topPrior,
      term: Tensor("latent.\(layer).term", .vector(sampleRows), .temporary),
      gradient: Tensor("latent.\(layer).gradient", shape, .temporary))
    try program.append(
      .reparameterize(
        Reparameterize(
          mean: latent.mean, logSigma: latent.logSigma, indices: indices,
          source: configuration.noiseIsGiven ? .given : .addressed(layer: layer),
          drawn: drawn, noise: latent.noise, sample: latent.sample)))
    // Samples that were drawn have been weighed.
    if drawn == nil {
      try program.append(
        .latentTerm(
          latent.densities(as: layer < top ? .conditional : .standardNormal, into: latent.term)))
    }
    latents.append(latent)
    return latent.sample
  }

  /// Decodes every layer's samples. With `hasDeltas`, the derivatives of the densities come along.
  mutating func appendDecoder(
    _ images: Tensor, hasDeltas: Bool
  ) throws(ProgramError) {
    for (position, network) in model.decoderNetworks.enumerated() {
      let layer = top - position
      let (activations, heads) = try forward(network, latents[layer].sample, rows: sampleRows)
      let term = Tensor("\(network.name).term", .vector(sampleRows), .temporary)
      let deltas = hasDeltas ? heads.map { Tensor("\($0.name).delta", $0.shape, .temporary) } : []
      if layer == 0 && model.likelihood == .bernoulli {
        try program.append(
          .bernoulli(
            Bernoulli(logits: heads[0], target: images, term: term, delta: deltas.first)))
      } else {
        // The density of a latent also pulls at the latent itself.
        try program.append(
          .gaussian(
            Gaussian(
              mean: heads[0], logSigma: heads[1],
              target: layer == 0 ? images : latents[layer - 1].sample, isAnnealed: layer > 0,
              term: term, meanDelta: deltas.first, logSigmaDelta: deltas.last,
              targetDelta: layer == 0 || !hasDeltas ? nil : latents[layer - 1].gradient)))
      }
      decoded.append(Decoded(activations: activations, deltas: deltas, term: term))
    }
  }

  private mutating func appendEstimate() throws(ProgramError) -> (
    logWeights: Tensor, bounds: Tensor, encoderBounds: Tensor, bound: Tensor
  ) {
    let weights = Shape.vector(sampleRows)
    let logWeights = Tensor("log_weights", weights, .output)
    let estimated = try appendEstimatedWeights(logWeights)
    let bounds = Tensor("image_bounds", .vector(configuration.batchSize), .output)
    let encoderBounds = Tensor("encoder_bounds", .vector(configuration.batchSize), .output)
    let decoder = Tensor("coefficients.decoder", weights, .temporary)
    let path =
      rule.path == rule.decoder ? decoder : Tensor("coefficients.path", weights, .temporary)
    // Where the score is minus the path, the two cancel and neither has to be computed.
    let score =
      rule.score == -rule.path ? nil : Tensor("coefficients.score", weights, .temporary)
    try program.append(
      .estimate(
        Estimate(
          logWeights: estimated, groups: configuration.groups, samples: configuration.samples,
          rule: rule, scale: configuration.scale, bounds: bounds, encoderBounds: encoderBounds,
          decoderCoefficients: decoder, pathCoefficients: path == decoder ? nil : path,
          scoreCoefficients: score)))
    let accumulates = configuration.wholeBatch != nil
    coefficients = [
      SampleCoefficients(
        decoder: decoder, path: path, score: score,
        forDecoder: GradientTarget(accumulates: accumulates),
        forEncoder: GradientTarget(accumulates: accumulates))
    ]

    return (logWeights, bounds, encoderBounds, try appendBound(bounds))
  }

  /// The mean of the images' bounds, and the total over steps.
  @discardableResult
  mutating func appendBound(_ bounds: Tensor) throws(ProgramError) -> Tensor {
    let bound = Tensor("bound", .vector(1), .output)
    try program.append(
      .sum(Sum(input: bounds, scale: configuration.meanScale, output: bound)))
    if let total = configuration.boundTotal {
      try program.append(.sum(Sum(input: bound, accumulates: true, output: total)))
    }
    return bound
  }

  /// The log-weights of the samples, and those that the objective is estimated from.
  mutating func appendEstimatedWeights(_ logWeights: Tensor) throws(ProgramError) -> Tensor {
    try appendLogWeight(logWeights, latentTerms: latents.map(\.term))
    guard latents[top].prior == .closedForm else { return logWeights }
    // What is ascended holds the divergence in closed form; what is reported is log w as ever.
    let estimated = Tensor("closed_form_weights", logWeights.shape, .temporary)
    try appendLogWeight(estimated, latentTerms: latents.dropLast().map(\.term) + [closedForm()])
    return estimated
  }

  /// The topmost layer's divergence from its prior, where it stands for the sampled terms.
  private mutating func closedForm() throws(ProgramError) -> Tensor {
    let latent = latents[top]
    let term = Tensor("latent.\(top).divergence", latent.term.shape, .temporary)
    try program.append(.latentTerm(latent.densities(as: .closedForm, into: term)))
    return term
  }

  /// log w = log p(x|h) + klWeight * (the rest), a few terms at a time.
  mutating func appendLogWeight(
    _ output: Tensor, latentTerms: [Tensor]
  ) throws(ProgramError) {
    guard let likelihood = decoded.last?.term else { return }
    let annealed = decoded.dropLast().map(\.term) + latentTerms
    let most = LogWeight.maximumTerms
    for start in stride(from: 0, to: annealed.count, by: most) {
      try program.append(
        .logWeight(
          LogWeight(
            likelihoods: start == 0 ? [likelihood] : [],
            annealed: Array(annealed[start..<min(start + most, annealed.count)]),
            accumulates: start > 0, output: output)))
    }
  }
}
