import IWAE

extension RunConfiguration {
  /// The same with another value of a setting, or of the model's layers.
  func varied(
    _ key: String, _ text: String
  ) throws(ConfigurationError) -> RunConfiguration {
    let flag = Setting.named(key)?.flag ?? key
    if Grid.shared.contains(key) {
      throw ConfigurationError("'\(flag)' cannot vary in a sweep: all cells share it.")
    }
    if Grid.ownAxes.contains(key) {
      throw ConfigurationError("'\(flag)' has an axis of its own in a sweep.")
    }
    var result = self
    if key == Grid.layers {
      var model = try Model(layers: text, dataSize: model.dataSize)
      (model.activation, model.likelihood) = (self.model.activation, self.model.likelihood)
      (model.prior, model.hiddenKind) = (self.model.prior, self.model.hiddenKind)
      model.condition = self.model.condition
      for layer in model.encoder.indices {
        model.encoder[layer].posterior = self.model.encoder[0].posterior
      }
      if let problem = model.problem { throw ConfigurationError("The model: \(problem)") }
      result.model = model
    } else if let setting = Setting.named(key) {
      try result.set(setting, to: text)
    } else {
      throw ConfigurationError("there is no setting '\(key)'.")
    }
    return result
  }

  /// A name from the objective, its samples and its estimator.
  public var settingName: String {
    var parts = [objective.name]
    if Setting.beta.concerns(objective.name) { parts.append("b\(beta)") }
    if Setting.alpha.concerns(objective.name) { parts.append("a\(alpha)") }
    if groups > 1 || objective.objective()?.dependsOnGroups == true { parts.append("m\(groups)") }
    parts.append("k\(samples)")
    if estimator != .standard { parts.append(estimator.rawValue) }
    return parts.joined(separator: "-")
  }

  /// The same with another seed.
  public func seeded(_ seed: UInt64) -> RunConfiguration {
    var result = self
    result.seed = seed
    return result
  }
}
