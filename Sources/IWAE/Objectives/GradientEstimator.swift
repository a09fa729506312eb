/// An objective with one of its estimators.
public struct GradientEstimator: Hashable, Sendable {
  public var objective: Objective
  public var estimator: Objective.Estimator

  public init(_ objective: Objective, _ estimator: Objective.Estimator = .standard) {
    (self.objective, self.estimator) = (objective, estimator)
  }

  /// As people write it: `iwae` or `iwae, dreg`.
  public var name: String {
    estimator == .standard ? objective.name : "\(objective.name), \(estimator.rawValue)"
  }

  /// The objectives of the table, with every estimator that each has.
  public static func all(
    beta: Double, alpha: Double, among estimators: [Objective.Estimator] = Objective.Estimator.rows
  ) -> [GradientEstimator] {
    all(
      of: Objective.names.compactMap { Objective($0, beta: beta, alpha: alpha) }, among: estimators)
  }

  /// Objectives, each once, with every one of some estimators that it has.
  public static func all(
    of objectives: [Objective], among estimators: [Objective.Estimator] = Objective.Estimator.rows
  ) -> [GradientEstimator] {
    var different: [Objective] = []
    for objective in objectives where !different.contains(objective) {
      different.append(objective)
    }
    return different.flatMap { objective in
      objective.hasEstimators
        ? estimators.map { GradientEstimator(objective, $0) }
        : [GradientEstimator(objective)]
    }
  }
}

/// The growth of the ratio of a gradient's signal to its noise, once there are many samples.
extension GradientEstimator {
  /// A number of samples that is raised while the other stands still.
  public enum Count: String, Sendable, CaseIterable {
    case samples, groups
  }

  /// The exponent for the decoder: its signal stays, its noise is averaged away.
  public var decoderExponent: Double { 0.5 }

  /// The exponent for the encoder (Rainforth et al. 2018).
  ///
  /// An objective says what its signal does under the standard estimator; of one that does not, nothing
  /// is predicted. The noise of the other estimators is that of squared weights, which falls as fast
  /// as any signal (Tucker et al. 2019).
  public func encoderExponent(_ count: Count) -> Double? {
    guard let signal = objective.encoderSignal else { return nil }
    if estimator != .standard { return 0.5 }
    return switch signal {
    case .stays: 0.5
    case .fadesWithSamples: count == .samples ? -0.5 : 0.5
    case .fades: -0.5
    }
  }
}
