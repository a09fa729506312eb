import Compute
import IWAE

extension RunConfiguration {
  /// The run as the trainer takes it.
  public func training() throws(ConfigurationError) -> TrainingConfiguration {
    if case .inCode(let name) = objective {
      throw ConfigurationError(
        "the objective '\(name)' is a function of some program, of which a file holds the name alone; "
          + "give the function again, or describe it as JSON.")
    }
    for setting in Setting.all {
      if let problem = setting.problem(self) { throw ConfigurationError(problem) }
    }
    let likelihood = model.likelihood
    try require(
      !standardize || likelihood.support == .reals,
      "Only real numbers can be standardized, and the likelihood '\(likelihood.name)' is of others: "
        + "leave out '--standardize', or choose a likelihood of real numbers, as 'gaussian'.")
    try require(
      batch * groups * samples <= 1 << 30,
      "Expected at most \(1 << 30) samples in a step, found \(batch) x \(groups) x \(samples).")
    try require(
      batch % leaves == 0,
      "'--leaves \(leaves)' cannot divide batches of \(batch) images: expected a number that divides "
        + "\(batch).")
    var result = TrainingConfiguration(
      objective: try checkedObjective(), estimator: estimator, groups: groups, samples: samples,
      batchSize: batch, passes: passes, schedule: learningRates, shuffles: order == .shuffled,
      convention: optimizer, priorStart: priorStart, klWeight: try checkedKLWeight(),
      binarization: binarize.eachPass,
      validationSamples: validationSamples, seed: seed, memoryLimit: memory == 0 ? nil : memory,
      backwardSamples: backwardSamples == 0 ? nil : backwardSamples)
    (result.onNaN, result.auditInterval, result.leaves) = (onNaN, audit, leaves)
    (result.weightDecay, result.clipNorm) = (weightDecay, clipNorm)
    (result.averageDecay, result.holdsModel) = (ema, finetune == .encoder)
    if let obstacle = result.obstacleToHolding(model) {
      throw ConfigurationError("'--finetune' cannot be encoder: \(obstacle).")
    }
    if let obstacle = result.obstacleToLearning {
      throw ConfigurationError(
        "'--estimator auto' learns from the gradients of earlier steps, and \(obstacle). Leave that out, "
          + "or use another estimator.")
    }
    if backwardSamples > 0, let problem = result.problem {
      throw ConfigurationError("'--backward-samples': \(problem).")
    }
    return result
  }

  /// The samples and images that the run is tested with.
  public var testing: TestSettings {
    TestSettings(samples: testSamples, limit: limit == 0 ? nil : limit)
  }

  /// Sets what a setting's text says. Files of images that are named again may hold others.
  public mutating func set(
    _ setting: Setting, to text: String
  ) throws(ConfigurationError) {
    try setting.parse(text, &self)
    if setting.isOfData { source.named.insert(setting.key) }
  }

  /// One step of it, on a batch of the given source.
  public func step(from source: BatchSource) throws(ConfigurationError) -> StepConfiguration {
    let training = try training()
    return StepConfiguration(
      batchSize: batch, groups: groups, samples: samples, objective: training.objective,
      estimator: estimator, source: source, backwardSamples: training.backwardSamples)
  }

  /// True if nothing is left to train: all passes are made, or patience ended them.
  public func isFinished(at progress: TrainingProgress) -> Bool {
    progress.pass >= passes || patience > 0 && progress.passesSinceBest >= patience
  }

  /// Why the run needs images to validate on; nil if it does not.
  var needOfValidation: String? {
    if schedule == .plateau {
      return "'--schedule' plateau halves the learning rate when validation becomes no better"
    }
    return patience > 0 ? "'--patience' \(patience) ends training by its validation" : nil
  }

  private var learningRates: LearningRate {
    switch schedule {
    case .burda: .burda
    case .burdaReleased: .burdaReleased
    case .constant: .constant(rate: learningRate)
    case .cosine: .cosine(rate: learningRate)
    case .plateau: .plateau(rate: learningRate, passes: plateauPasses)
    }
  }

  private func require(_ condition: Bool, _ text: String) throws(ConfigurationError) {
    if !condition { throw ConfigurationError(text) }
  }

  private func checkedKLWeight() throws(ConfigurationError) -> KLWeight {
    try require(
      klCycle == 0 || warmUp > 0 && warmUp <= klCycle,
      "'--kl-cycle' repeats a warm-up that fits into it: expected a '--warm-up' above 0 and up to "
        + "\(klCycle), found \(warmUp).")
    return KLWeight(
      final: klWeight, warmUpPasses: warmUp, cyclePasses: klCycle == 0 ? nil : klCycle)
  }

  private func checkedObjective() throws(ConfigurationError) -> Objective {
    guard let result = objective.objective(self) else {
      throw ConfigurationError("unknown objective '\(objective)'.")
    }
    if case .own = objective, Objective.names.contains(result.name), !result.isFunction {
      try require(
        result == Objective(result.name, self),
        "'\(objective)' has its numbers from the configuration: name it, and set those.")
    }
    try require(
      samples >= result.leastSamples,
      "'\(objective)' needs at least \(result.leastSamples) samples, found \(samples).")
    try require(
      estimator == .standard || result.hasEstimators,
      "'\(objective)' has no estimator '\(estimator.rawValue)'; its '--estimator' is standard.")
    try require(
      freeBits == 0 || result.isClosedForm,
      "'--free-bits' are of a divergence in closed form, and '\(objective)' samples it. Use elbo, or "
        + "set '--free-bits' to 0.")
    if let problem = result.problem { throw ConfigurationError(problem) }
    let rule = result.rule(groups: groups, samples: samples, estimator: estimator.row)
    if let problem = model.problem(with: result, rule) {
      throw ConfigurationError("'\(objective)' cannot train this model: \(problem)")
    }
    if let obstacle = try checkedKLWeight().obstacle(to: rule, passes: passes) {
      let setting =
        klWeight != 1
        ? "'--kl-weight' of \(klWeight)"
        : klCycle != 0 ? "'--kl-cycle' of \(klCycle)" : "'--warm-up' over all \(passes) passes"
      // What goes through the sample cannot train a model without a path.
      let remedy =
        model.obstacleToPath == nil
        ? ", or use vae, iwae or the like with the standard estimator" : ""
      throw ConfigurationError(
        "'\(objective)' with the estimator '\(estimator.rawValue)' cannot have a \(setting): "
          + "\(obstacle). Leave it out\(remedy).")
    }
    if let problem = rule.problem(samples: samples) {
      throw ConfigurationError("'\(objective)' with M = \(groups), K = \(samples): \(problem)")
    }
    return result
  }
}
