import Compute

/// The settings that a model is trained with.
public struct TrainingConfiguration: Hashable, Sendable {
  public var objective: Objective
  public var estimator: Objective.Estimator = .standard
  public var groups = 1
  public var samples = 50
  public var batchSize = 20
  public var passes = 10
  public var schedule = LearningRate.burda
  /// True if each pass takes the images in another order; else in their own, and those that fill no
  /// batch at its end are never trained on.
  public var shuffles = true
  public var convention = AdamConvention.usual
  /// Passes over which the weight of log p(h) - log q(h|x) rises from 0 to 1.
  public var warmUpPasses = 0.0
  public var binarization = Binarization.sample
  /// Samples of each validation image.
  public var validationSamples = 50
  public var seed: UInt64 = 0
  /// The most bytes for parameters and a step; nil for a quarter of the device's.
  public var memoryLimit: Int?
  /// The samples that are walked backwards, drawn in proportion to their weights; nil for all.
  public var backwardSamples: Int?

  /// The start of a vamp prior's inputs.
  public var priorStart = PriorStart.images

  public init(objective: Objective) {
    self.objective = objective
  }

  /// The step that it trains with.
  func step(batchSize: Int, source: BatchSource, boundTotal: Tensor? = nil) -> StepConfiguration {
    StepConfiguration(
      batchSize: batchSize, groups: groups, samples: samples, objective: objective,
      estimator: estimator, source: source, optimizer: Adam(convention),
      sumsOverBatch: convention == .released, boundTotal: boundTotal,
      backwardSamples: backwardSamples)
  }

  /// Why some of the samples cannot be drawn for the way back; nil if they can, or need not.
  public var problem: String? {
    let data = Tensor("data", .matrix(rows: 1, columns: 1), .resident)
    return step(
      batchSize: 1, source: .resident(source: data, order: data, scale: 1, binarization: .none)
    ).problem
  }
}

/// What the inputs of a vamp prior start from.
public enum PriorStart: String, Hashable, Sendable, CaseIterable {
  /// Training images, spread over all of them.
  case images
  /// The mean of the training images, with noise.
  case mean
}
