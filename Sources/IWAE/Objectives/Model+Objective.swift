import Compute

/// The objectives that a model can be trained with.
extension Model {
  /// Why an objective cannot train the model; nil if it can.
  ///
  /// - Parameters:
  ///   - objective: The objective.
  ///   - rule: Its rule for an estimator.
  public func problem(with objective: Objective, _ rule: EstimatorRule) -> String? {
    if objective.isClosedForm, divergence == nil { return divergenceProblem }
    return rule.path.isZero ? nil : pathProblem
  }

  /// Why no gradient goes through its samples; nil if one does.
  public var obstacleToPath: String? {
    encoder.lazy.compactMap(\.posterior.obstacleToPath).first
  }

  /// The same as the problem of an objective that needs one.
  var pathProblem: String? {
    obstacleToPath.map {
      "it needs a gradient through the sample, but \($0). Use rws, vimco or tvo."
    }
  }

  /// The divergence of a topmost unit from its prior, in the heads; nil if it has no closed form.
  var divergence: Formula? {
    prior == .standardNormal ? encoder.last?.posterior.divergence : nil
  }

  /// The problem of an objective that needs one where there is none. What samples it needs a path.
  var divergenceProblem: String {
    let posterior = encoder[encoder.count - 1].posterior
    return pathProblem
      ?? "the divergence of posterior '\(posterior)' from prior '\(prior)' has no closed form. Use the "
      + "objective vae, which samples it."
  }
}
