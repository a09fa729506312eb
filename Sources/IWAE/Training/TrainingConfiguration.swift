import Compute

/// The settings that a model is trained with.
public struct TrainingConfiguration: Hashable, Sendable {
  public var objective: Objective
  public var estimator: Objective.Estimator
  public var groups: Int
  public var samples: Int
  public var batchSize: Int
  public var passes: Int
  public var schedule: LearningRate
  /// True if each pass takes the images in another order; else in their own, and those that fill no
  /// batch at its end are never trained on.
  public var shuffles: Bool
  public var convention: AdamConvention
  public var klWeight: KLWeight
  public var binarization: Binarization
  /// Samples of each validation image.
  public var validationSamples: Int
  public var seed: UInt64
  /// The most bytes for parameters and a step; nil for a quarter of the device's.
  public var memoryLimit: Int?
  /// The samples that are walked backwards, drawn in proportion to their weights; nil for all.
  public var backwardSamples: Int?

  /// The start of a vamp prior's inputs.
  public var priorStart = PriorStart.images
  /// The decay of parameters with each update, over the learning rate.
  public var weightDecay = 0.0
  /// The share of themselves that the running averages of parameters keep with each update; 0 for no
  /// averages. Where there are some, they are validated and tested.
  public var averageDecay = 0.0
  /// The length that all gradients together have at most; 0 for any.
  public var clipNorm = 0.0
  /// True if the parameters of the model p stand still, and only the posterior's are trained.
  public var holdsModel = false
  /// What is done about a bound, a parameter or a moment that is no number.
  public var onNaN = NaNPolicy.stop
  /// The parts of a batch whose gradients are added in a fixed order, so that any number of ranks up to
  /// theirs computes the same bits; 1 for steps that are carried out at once.
  public var leaves = 1
  /// The steps from one comparison with the reference to the next; 0 for none.
  public var auditInterval = 0

  public init(
    objective: Objective, estimator: Objective.Estimator = .standard, groups: Int = 1,
    samples: Int = 50, batchSize: Int = 20, passes: Int = 10, schedule: LearningRate = .burda,
    shuffles: Bool = true, convention: AdamConvention = .usual,
    priorStart: PriorStart = .images, klWeight: KLWeight = KLWeight(),
    binarization: Binarization = .sample, validationSamples: Int = 50, seed: UInt64 = 0,
    memoryLimit: Int? = nil, backwardSamples: Int? = nil
  ) {
    self.objective = objective
    self.estimator = estimator
    self.groups = groups
    self.samples = samples
    self.batchSize = batchSize
    self.passes = passes
    self.schedule = schedule
    self.shuffles = shuffles
    self.convention = convention
    self.priorStart = priorStart
    self.klWeight = klWeight
    self.binarization = binarization
    self.validationSamples = validationSamples
    self.seed = seed
    self.memoryLimit = memoryLimit
    self.backwardSamples = backwardSamples
  }

  /// The optimizer that it trains with.
  var optimizer: Adam {
    Adam(
      convention, weightDecay: weightDecay, averageDecay: keepsAverages ? averageDecay : nil)
  }

  var keepsAverages: Bool { averageDecay > 0 }

  /// The tensors that a run's state holds beside a model's parameters.
  public func companions(of model: Model) -> [Tensor] {
    let roles: [Role] = [.firstMoment, .secondMoment] + (keepsAverages ? [.average] : [])
    return roles.flatMap { role in model.parameters.map { $0.counterpart(role) } }
      + (estimator == .auto ? model.encoderParameters.map(EstimatorMix.place) : [])
  }

  /// The step that it trains with.
  func step(batchSize: Int, source: BatchSource, boundTotal: Tensor? = nil) -> StepConfiguration {
    var step = StepConfiguration(
      batchSize: batchSize, groups: groups, samples: samples, objective: objective,
      estimator: estimator, source: source, optimizer: optimizer,
      sumsOverBatch: convention == .released, boundTotal: boundTotal,
      backwardSamples: backwardSamples, clipNorm: clipNorm > 0 ? Float(clipNorm) : nil)
    step.holdsModel = holdsModel
    return step
  }

  /// The reason why a model cannot stand still while its posterior is trained; nil if it can, or need not.
  public func obstacleToHolding(_ model: Model) -> String? {
    guard holdsModel else { return nil }
    if !model.sharedParameters.isEmpty {
      return "the prior '\(model.prior.name)' is made of the encoder, and would move with it"
    }
    return weightDecay > 0 ? "a weight decay would move the model" : nil
  }

  /// The reason why the estimator cannot learn from the gradients of steps; nil if it can, or need not.
  public var obstacleToLearning: String? {
    guard estimator == .auto else { return nil }
    if objective.difference(groups: groups, samples: samples) == nil {
      return "'\(objective.name)' has no two estimators of the same weights"
    }
    if leaves > 1 {
      return "a batch of leaves has as many gradients, and it learns from whole ones"
    }
    return clipNorm > 0 ? "what is clipped does not tell what it was" : nil
  }

  /// Why some of the samples cannot be drawn for the way back; nil if they can, or need not.
  public var problem: String? {
    let data = Tensor("data", .matrix(rows: 1, columns: 1), .resident)
    return step(
      batchSize: 1, source: .resident(source: data, order: data, scale: 1, binarization: .none)
    ).problem
  }
}

/// The start of a vamp prior's inputs.
public enum PriorStart: String, Hashable, Sendable, CaseIterable {
  /// Training images, spread over all of them.
  case images
  /// The mean of the training images, with noise.
  case mean
}
