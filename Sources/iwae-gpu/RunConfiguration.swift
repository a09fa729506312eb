import Compute
import Datasets
import Foundation
import IWAE

/// Everything that determines a training run: what `config.json` holds and `--config` reads.
struct RunConfiguration: Codable {
  var data = "strokes"
  /// What validates: standard, full, released, or a count.
  var split = "standard"
  var model = Model.burda1(dataSize: 784)
  var objective = "iwae"
  var estimator = "standard"
  var groups = 1
  var samples = 50
  var beta = 0.5
  var alpha = 0.5
  var batch = 20
  var passes = 20
  var schedule = "cosine"
  /// Whether each pass shuffles the images: shuffled or fixed.
  var order = "shuffled"
  var learningRate = 0.001
  var optimizer = "usual"
  var warmUp = 0.0
  var binarize = "sample"
  var validationSamples = 50
  /// Stop after so many passes without a better validation; 0 for never.
  var patience = 0
  /// Which parameters are tested: best, by validation, or last.
  var keep = "best"
  /// The first training images, on which active units are counted; 0 for the test images.
  var activityImages = 0
  var seed: UInt64 = 0
  /// The most bytes for parameters and a step; 0 for a quarter of the device's.
  var memory = 0
  /// The samples that are walked backwards; 0 for all.
  var backwardSamples = 0

  /// Whether a file described the model; else it follows from the data. Not part of the file.
  var modelIsGiven = false

  static let schedules = ["burda", "burda-released", "constant", "cosine"]
  static let orders = ["shuffled", "fixed"]
  static let kept = ["best", "last"]

  init() {}

  /// A file may leave fields out, which then have their defaults, but must not have others.
  init(from decoder: any Decoder) throws {
    let known = Set(CodingKeys.allCases.map(\.stringValue))
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys
    where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [key],
          debugDescription: "unknown field '\(key.stringValue)'."
            + suggestion(for: key.stringValue, among: Array(known))))
    }
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, _ standard: Value) throws -> Value {
      try fields.decodeIfPresent(Value.self, forKey: key) ?? standard
    }
    let standard = RunConfiguration()
    data = try read(.data, standard.data)
    split = try read(.split, standard.split)
    model = try read(.model, standard.model)
    modelIsGiven = fields.contains(.model)
    objective = try read(.objective, standard.objective)
    estimator = try read(.estimator, standard.estimator)
    groups = try read(.groups, standard.groups)
    samples = try read(.samples, standard.samples)
    beta = try read(.beta, standard.beta)
    alpha = try read(.alpha, standard.alpha)
    batch = try read(.batch, standard.batch)
    passes = try read(.passes, standard.passes)
    schedule = try read(.schedule, standard.schedule)
    order = try read(.order, standard.order)
    learningRate = try read(.learningRate, standard.learningRate)
    optimizer = try read(.optimizer, standard.optimizer)
    warmUp = try read(.warmUp, standard.warmUp)
    binarize = try read(.binarize, standard.binarize)
    validationSamples = try read(.validationSamples, standard.validationSamples)
    patience = try read(.patience, standard.patience)
    keep = try read(.keep, standard.keep)
    activityImages = try read(.activityImages, standard.activityImages)
    seed = try read(.seed, standard.seed)
    memory = try read(.memory, standard.memory)
    backwardSamples = try read(.backwardSamples, standard.backwardSamples)
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case data, split, model, objective, estimator, groups, samples, beta, alpha, batch, passes,
      schedule, order
    case learningRate = "learning_rate"
    case optimizer
    case warmUp = "warm_up"
    case binarize
    case validationSamples = "validation_samples"
    case patience, keep
    case activityImages = "activity_images"
    case seed, memory
    case backwardSamples = "backward_samples"
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  /// The run as the trainer takes it.
  func training() throws(ConfigurationError) -> TrainingConfiguration {
    try checkRanges()
    var result = TrainingConfiguration(objective: try checkedObjective())
    result.estimator = Objective.Estimator(rawValue: estimator) ?? .standard
    (result.groups, result.samples) = (groups, samples)
    (result.batchSize, result.passes) = (batch, passes)
    result.schedule = try learningRates()
    result.shuffles = order == "shuffled"
    guard let convention = AdamConvention(rawValue: optimizer) else {
      throw ConfigurationError(description: "unknown optimizer '\(optimizer)'.")
    }
    result.convention = convention
    result.warmUpPasses = warmUp
    result.binarization = try binarization().eachPass
    result.validationSamples = validationSamples
    result.seed = seed
    result.memoryLimit = memory == 0 ? nil : memory
    if backwardSamples > 0 {
      result.backwardSamples = backwardSamples
      if let problem = result.problem {
        throw ConfigurationError(description: "backward samples: \(problem).")
      }
    }
    return result
  }

  /// How pixels become 0s and 1s.
  func binarization() throws(ConfigurationError) -> BinarizationRule {
    if let rule = BinarizationRule(binarize) { return rule }
    throw ConfigurationError(
      description: "unknown binarization '\(binarize)': expected one of "
        + "\(BinarizationRule.names.joined(separator: ", ")).")
  }

  /// What holds out a part for validation.
  func splitRule() throws(ConfigurationError) -> Split.Rule {
    if let rule = Split.Rule(split) { return rule }
    throw ConfigurationError(
      description: "unknown split '\(split)': expected standard, full, released or the number of "
        + "images that validate.")
  }

  private func learningRates() throws(ConfigurationError) -> LearningRate {
    switch schedule {
    case "burda": .burda
    case "burda-released": .burdaReleased
    case "constant": .constant(rate: learningRate)
    case "cosine": .cosine(rate: learningRate)
    default: throw ConfigurationError(description: "unknown schedule '\(schedule)'.")
    }
  }

  private func require(_ condition: Bool, _ text: String) throws(ConfigurationError) {
    if !condition { throw ConfigurationError(description: text) }
  }

  private func checkedObjective() throws(ConfigurationError) -> Objective {
    guard let result = Objective(objective, beta: beta, alpha: alpha) else {
      throw ConfigurationError(
        description: "unknown objective '\(objective)'."
          + suggestion(for: objective, among: Objective.names))
    }
    guard let rule = Objective.Estimator(rawValue: estimator) else {
      throw ConfigurationError(description: "unknown estimator '\(estimator)'.")
    }
    try require(
      samples >= result.leastSamples,
      "'\(objective)' needs at least \(result.leastSamples) samples.")
    try require(
      rule == .standard || result.hasEstimators,
      "'\(objective)' has no estimator '\(estimator)'.")
    if let problem = result.problem { throw ConfigurationError(description: problem) }
    return result
  }

  private func checkRanges() throws(ConfigurationError) {
    _ = try splitRule()
    try require(groups >= 1 && samples >= 1, "expected groups and samples of at least 1.")
    try require(batch >= 1 && passes >= 0, "expected a batch of at least 1 and no negative passes.")
    try require(
      passes <= 1 << 30 && patience <= 1 << 30, "expected at most 2^30 passes and patience.")
    try require(
      (1...(1 << 30)).contains(validationSamples), "expected from 1 to 2^30 validation samples.")
    try require(
      groups <= 1 << 20 && samples <= 1 << 20 && batch <= 1 << 20
        && batch * groups * samples <= 1 << 30, "expected at most 2^30 samples in a step.")
    try require((0...1).contains(beta), "expected beta from 0 to 1.")
    try require((-100...100).contains(alpha), "expected alpha from -100 to 100.")
    try require((1e-12...1e6).contains(learningRate), "expected a learning rate from 1e-12 to 1e6.")
    try require((0...1e9).contains(warmUp), "expected a warm-up from 0 to 1e9 passes.")
    try require(memory >= 0, "expected no negative memory.")
    try require(
      (0...(1 << 20)).contains(backwardSamples), "expected from 0 to 2^20 backward samples.")
    try require(Self.orders.contains(order), "unknown order '\(order)'.")
    try require(Self.kept.contains(keep), "cannot keep '\(keep)': expected best or last.")
    try require(
      (0...(1 << 30)).contains(activityImages), "expected from 0 to 2^30 activity images.")
  }
}

/// What a configuration says that makes no sense.
struct ConfigurationError: Error, CustomStringConvertible {
  var description: String
}
