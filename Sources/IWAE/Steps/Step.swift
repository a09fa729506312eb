import Compute

/// The source of a step's images. Those of which some have missing values take other programs than
/// complete ones, which pay for nothing.
public enum BatchSource: Hashable, Sendable {
  /// Rows of a resident data set, in a resident order; `labels` holds a row with a single 1 for each
  /// image, where a model is told its class.
  case resident(
    source: Tensor, order: Tensor, scale: Float, binarization: Binarization, labels: Tensor? = nil,
    hasMissing: Bool = false)
  /// An input that the host uploads, already binarized.
  case uploaded(hasMissing: Bool = false)

  /// True if some values are missing, as NaN.
  public var hasMissing: Bool {
    switch self {
    case .resident(_, _, _, _, _, let hasMissing), .uploaded(let hasMissing): hasMissing
    }
  }

  var isUploaded: Bool {
    if case .uploaded = self { true } else { false }
  }
}

/// The sizes and choices of a step.
public struct StepConfiguration: Hashable, Sendable {
  public var batchSize: Int
  public var groups: Int
  public var samples: Int
  public var objective: Objective
  public var estimator: Objective.Estimator
  public var source: BatchSource
  /// True if the host uploads the noise instead of addressing it.
  public var noiseIsGiven: Bool
  /// Nil for gradients alone.
  public var optimizer: Adam?
  /// True if only q's parameters ascend anything, and those of the model p have no gradients.
  public var holdsModel = false
  /// The length that all gradients together have at most when parameters are updated; nil for any.
  public var clipNorm: Float?
  /// True if gradients are summed over the batch, as the released IWAE code does, instead of
  /// averaged.
  public var sumsOverBatch: Bool
  /// A state to which every step adds its bound, so that the host need not read each: `(1)`. Of several
  /// leaves, those of the last step: one for each.
  public var boundTotal: Tensor?
  /// The images over which the objective is averaged, where the step is one of several parts whose
  /// gradients add up; nil where it is the whole.
  public var wholeBatch: Int?
  /// True if gradients are added to what is there.
  var accumulates = false
  /// The leaves of the batch, each with a gradient of its own, that are added in a tree.
  var leaves = 1
  /// The samples of each image, or of each group where the objective weighs groups, that are walked
  /// backwards, drawn in proportion to their weights; nil for all.
  public var backwardSamples: Int?

  public init(
    batchSize: Int, groups: Int = 1, samples: Int, objective: Objective,
    estimator: Objective.Estimator = .standard, source: BatchSource = .uploaded(),
    noiseIsGiven: Bool = false, optimizer: Adam? = Adam(), sumsOverBatch: Bool = false,
    boundTotal: Tensor? = nil, wholeBatch: Int? = nil, backwardSamples: Int? = nil,
    clipNorm: Float? = nil
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
    self.clipNorm = clipNorm
  }

  /// What is ascended: nothing by the model's parameters, where they are held.
  var rule: EstimatorRule {
    var rule = objective.rule(groups: groups, samples: samples, estimator: estimator)
    if holdsModel { (rule.decoder.constant, rule.decoder.linear, rule.decoder.square) = (0, 0, 0) }
    return rule
  }

  /// The rule of what `auto` adds a share of to the encoder's gradient; nil of other estimators.
  var difference: EstimatorRule? {
    estimator == .auto ? objective.difference(groups: groups, samples: samples) : nil
  }

  /// Why some of the samples cannot be drawn for the way back; nil if they can, or need not.
  public var problem: String? {
    guard let backwardSamples else { return nil }
    let rule = rule
    if estimator == .auto { return "the estimator auto learns from all samples" }
    if noiseIsGiven || source.isUploaded {
      return "drawing samples needs noise that is addressed"
    }
    if let obstacle = rule.obstacleToDrawing {
      return "samples cannot be drawn for this objective: \(obstacle)"
    }
    let weighed = rule.decoder.scope == .all ? groups * samples : samples
    return backwardSamples < weighed
      ? nil : "expected fewer than the \(weighed) samples to draw from, found \(backwardSamples)"
  }

  /// The gradient of some of its images, as a share of the whole batch's, to be added to what is there.
  func part(of batchSize: Int) -> StepConfiguration {
    var part = self
    (part.batchSize, part.optimizer) = (batchSize, nil)
    (part.wholeBatch, part.accumulates) = (wholeBatch ?? self.batchSize, true)
    return part
  }

  /// The gradient of some leaves of so many, whose bounds go to a place of their own.
  func part(of leaves: Int, among all: Int) -> StepConfiguration {
    var part = part(of: batchSize / all * leaves)
    (part.accumulates, part.leaves) = (false, leaves)
    part.boundTotal = Tensor("bounds.\(leaves)", .vector(leaves), .state)
    return part
  }

  /// Appends what becomes of a model's parameters once all gradients are there, if anything does.
  func appendUpdate(
    of model: Model, to program: inout ProgramBuilder
  ) throws(ProgramError) {
    guard let optimizer else { return }
    for parameter in difference == nil ? [] : model.encoderParameters {
      try program.append(.normalize(EstimatorMix.addition(to: parameter)))
    }
    if let clipNorm { try program.append(.clip(Clip(limit: clipNorm))) }
    try program.append(.adam(optimizer))
  }

  /// The update of a model by itself; nil without an optimizer.
  func update(of model: Model) throws(ProgramError) -> Program? {
    guard optimizer != nil else { return nil }
    var builder = ProgramBuilder("update")
    try appendUpdate(of: model, to: &builder)
    return builder.build()
  }

  /// The factor of every coefficient.
  var scale: Float { sumsOverBatch ? 1 : meanScale }

  /// The factor that turns a sum over the batch into its mean.
  var meanScale: Float { 1 / Float(wholeBatch ?? batchSize) }
}

/// A training step as a program, and the tensors by which the host meets it.
public struct Step: Hashable, Sendable {
  public let program: Program
  /// `(B, D)`: the images, where the host uploads them.
  public let images: Tensor?
  /// `(B, C)`: a row with a single 1 for each image, where the host uploads labels.
  public let labels: Tensor?
  /// `(B)`, `uint32`: the images' indices, where the host uploads images and noise is addressed by them.
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
  /// True if it makes the gradient of each of the leaves that were asked for.
  let sumsLeaves: Bool

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
