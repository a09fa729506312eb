import Compute

/// The gradients of many estimators from the same samples: each draw is one walk forwards and one
/// walk backwards with unit coefficients. Every estimator's coefficients are computed on the same
/// log-weights; estimators whose coefficients agree share a column.
///
/// `elbo` alone, whose divergence is in closed form, walks on its own, with the same noise.
struct GradientProbe {
  /// One for all sampled objectives, one for each `elbo`; each only where it is asked for.
  let programs: [Program]
  /// For each estimator, which columns hold its gradients; of `auto`, which mixes two, another one.
  let columns: [(decoder: Int, encoder: Int, mixed: Int?)]
  /// For each column the sum over draws of its gradient: one accumulator for each of the network's
  /// parameters.
  let targets: [[Tensor]]

  /// A rule of which only the decoder's column, or only the encoder's, is not zero.
  private struct Column: Hashable {
    var rule: EstimatorRule
    /// Of the walk that it belongs to.
    var freeBits: Double?
  }

  init(
    _ model: Model, _ configuration: StepConfiguration, estimators: [GradientEstimator]
  ) throws(ProgramError) {
    var table: [Column] = []
    func add(_ rule: EstimatorRule, _ freeBits: Double?) -> Int {
      let column = Column(rule: rule, freeBits: freeBits)
      if let index = table.firstIndex(of: column) { return index }
      table.append(column)
      return table.count - 1
    }
    let (bound, none) = (BoundRule(), CoefficientRule())
    func addEncoder(_ objective: Objective, _ estimator: Objective.Estimator) -> Int {
      let rule = objective.rule(
        groups: configuration.groups, samples: configuration.samples, estimator: estimator)
      return add(
        EstimatorRule(
          bound: bound, decoder: none, path: rule.path, score: rule.score,
          leaveOneOut: rule.leaveOneOut, riemann: rule.riemann), objective.freeBits)
    }
    columns = estimators.map { estimator in
      let objective = estimator.objective
      let rule = objective.rule(groups: configuration.groups, samples: configuration.samples)
      let decoder = EstimatorRule(
        bound: bound, decoder: rule.decoder, path: none, score: none, riemann: rule.riemann)
      let isMixed = estimator.estimator == .auto && objective.hasEstimators
      return (
        decoder: add(decoder, objective.freeBits),
        encoder: addEncoder(objective, estimator.estimator),
        mixed: isMixed ? addEncoder(objective, estimator.estimator.row) : nil
      )
    }
    targets = table.enumerated().map { index, column in
      (column.rule.decoder.isZero
        ? model.encoderParameters : model.generativeParameters + model.sharedParameters)
        .map(GradientTarget(.column(index)).tensor)
    }
    var programs: [Program] = []
    for (first, walk) in table.enumerated()
    where table.firstIndex(where: { $0.freeBits == walk.freeBits }) == first {
      var part = configuration
      part.objective = walk.freeBits.map(Objective.elbo(freeBits:)) ?? .iwae
      part.optimizer = nil
      var builder = StepBuilder(model, part, name: walk.freeBits == nil ? "probe" : "probe elbo")
      let (images, indices) = try builder.appendBatch()
      try builder.appendEncoder(images, indices)
      try builder.appendDecoder(images)
      let estimated = try builder.appendWeights().estimated
      for (index, column) in table.enumerated() where column.freeBits == walk.freeBits {
        builder.coefficients.append(
          try builder.appendCoefficients(
            column.rule, of: estimated, prefix: "\(index).",
            bounds: Tensor("bounds.\(index)", .vector(part.batchSize), .temporary),
            into: GradientTarget(.column(index), accumulates: true)))
      }
      try builder.appendBackward(from: estimated)
      programs.append(builder.program.build())
    }
    self.programs = programs
  }
}
