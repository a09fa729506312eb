import Compute

extension Objective {
  /// True if its rule is a function of one's own, which no file can hold.
  public var isFunction: Bool {
    if case .function = origin { true } else { false }
  }

  /// An objective of one's own.
  ///
  /// The decoder ascends the bound of all samples, the encoder that of weights that are halved in
  /// their logarithms:
  ///
  ///     let flattened = Objective.custom(name: "flattened") { groups, samples in
  ///       let flat = CoefficientRule(temperature: 0.5, linear: 1)
  ///       return EstimatorRule(
  ///         bound: BoundRule(), encoderBound: BoundRule(temperature: 0.5),
  ///         decoder: CoefficientRule(linear: 1), path: flat, score: -flat)
  ///     }
  ///     let configuration = TrainingConfiguration(objective: flattened)
  ///
  /// It is equal to its copies and to no other objective, whatever their names. It has the standard
  /// estimator alone: a rule says how the encoder's gradient is estimated. A step refuses a rule that
  /// it cannot compute.
  ///
  /// - Parameters:
  ///   - name: Its name in messages and tables.
  ///   - leastSamples: The fewest samples K with which it means something; of a rule that leaves one
  ///     out, 2.
  ///   - encoderSignal: The encoder's gradient with many samples, from which
  ///     `GradientEstimator.encoderExponent(_:)` predicts; nil for no prediction.
  ///   - rule: The bounds and coefficients for M groups of K samples, always the same for the same
  ///     numbers.
  public static func custom(
    name: String, leastSamples: Int = 1, encoderSignal: EncoderSignal? = nil,
    rule: @escaping @Sendable (_ groups: Int, _ samples: Int) -> EstimatorRule
  ) -> Objective {
    Objective(
      name, from: .function(.init()), encoderSignal: encoderSignal, hasEstimators: false,
      leastSamples: leastSamples
    ) { counts in
      let rule = rule(counts.groups, counts.samples)
      return Row(
        bound: rule.bound, encoderBound: rule.encoderBound, decoder: rule.decoder, path: rule.path,
        score: rule.score, leaveOneOut: rule.leaveOneOut, riemann: rule.riemann, doubled: rule.path)
    }
  }
}
