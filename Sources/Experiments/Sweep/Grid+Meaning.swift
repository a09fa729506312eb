import Compute
import IWAE

extension Grid {
  /// For each of some settings the one that is trained for it: the first that means the same, as piwae
  /// with one group means iwae.
  public func trained(for settings: [RunConfiguration]) -> [RunConfiguration] {
    var first: [Meaning: RunConfiguration] = [:]
    return settings.map { setting in
      let meaning = Meaning(setting)
      let known = first[meaning] ?? setting
      first[meaning] = known
      return known
    }
  }
}

extension RunConfiguration {
  /// Those of some settings that mean nothing beside the others, though they are not as usual.
  public func idle(_ settings: [Setting]) -> [Setting] {
    let may = Setting.ofObjectives.map(\.key) + ["learning_rate", "plateau_passes", "vamp_start"]
    return settings.filter { setting in
      var usual = self
      setting.copy(.usual, &usual)
      return may.contains(setting.key) && usual != self && Meaning(usual) == Meaning(self)
    }
  }
}

/// A run's training, whatever its objective is called.
private struct Meaning: Hashable {
  let configuration: RunConfiguration
  let rule: EstimatorRule?
  let freeBits: Double?
  /// True if the rule is mixed with another one while it trains.
  let isMixed: Bool

  init(_ setting: RunConfiguration) {
    let objective = setting.objective.objective(setting)
    rule = objective?.rule(
      groups: setting.groups, samples: setting.samples, estimator: setting.estimator
    ).spelled(groups: setting.groups)
    freeBits = objective?.freeBits
    isMixed = setting.estimator == .auto && objective?.hasEstimators == true
    // Estimators that are the same rule are the same.
    var configuration = setting
    (configuration.objective, configuration.estimator) = ("", .standard)
    for own in Setting.ofObjectives { own.copy(.usual, &configuration) }
    if !setting.schedule.takesRate { configuration.learningRate = 0 }
    if setting.schedule != .plateau { configuration.plateauPasses = 0 }
    if setting.model.prior.family != "vamp" { configuration.priorStart = .images }
    self.configuration = configuration
  }
}
