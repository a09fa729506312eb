extension Operation {
  /// The name used in listings, errors and conformance cases.
  public var kind: String {
    switch self {
    case .gather: "gather"
    case .multiply(let operation): operation.transposed ? "multiplyTransposed" : "multiply"
    case .weightGradient: "weightGradient"
    case .biasGradient: "biasGradient"
    case .reparameterize: "reparameterize"
    case .latentTerm: "latentTerm"
    case .bernoulli: "bernoulli"
    case .gaussian: "gaussian"
    case .logWeight: "logWeight"
    case .estimate: "estimate"
    case .draw: "draw"
    case .latentGradient: "latentGradient"
    case .sumSamples: "sumSamples"
    case .accumulateWeights: "accumulateWeights"
    case .leapfrog: "leapfrog"
    case .accept: "accept"
    case .select: "select"
    case .normalize: "normalize"
    case .logMean: "logMean"
    case .sum: "sum"
    case .adam: "adam"
    }
  }

  /// The tensors that must hold values before the operation runs. Adam's arenas are implied.
  public var reads: [Tensor] {
    switch self {
    case .gather(let operation):
      [operation.source, operation.order]
    case .multiply(let operation):
      [operation.input, operation.weight]
        + [operation.bias, operation.derivativeAt].compactMap(\.self)
        + (operation.accumulates ? [operation.output] : [])
    case .weightGradient(let operation):
      [operation.delta, operation.input]
        + [operation.rowScale, operation.decay].compactMap(\.self)
        + (operation.accumulates ? [operation.gradient] : [])
    case .biasGradient(let operation):
      [operation.delta] + [operation.rowScale, operation.decay].compactMap(\.self)
        + (operation.accumulates ? [operation.gradient] : [])
    case .reparameterize(let operation):
      [operation.mean, operation.logSigma, operation.indices]
        + [operation.drawn].compactMap(\.self)
        + (operation.source == .given ? [operation.noise] : [])
    case .latentTerm(let operation):
      [operation.mean, operation.logSigma, operation.noise, operation.sample]
    case .bernoulli(let operation):
      [operation.logits, operation.target]
    case .gaussian(let operation):
      [operation.mean, operation.logSigma, operation.target]
    case .logWeight(let operation):
      operation.likelihoods + operation.annealed
        + (operation.accumulates ? [operation.output] : [])
    case .estimate(let operation):
      [operation.logWeights]
    case .draw(let operation):
      [operation.logWeights, operation.indices]
    case .latentGradient(let operation):
      [
        operation.decoderGradient, operation.mean, operation.logSigma, operation.noise,
        operation.sample,
      ] + [operation.path, operation.score].compactMap(\.self)
    case .sumSamples(let operation):
      [operation.input] + [operation.decay].compactMap(\.self)
        + (operation.accumulates ? [operation.output] : [])
    case .accumulateWeights(let operation):
      [operation.logWeights, operation.maximum, operation.sum]
        + [operation.squares].compactMap(\.self)
    case .leapfrog(let operation):
      [operation.gradient, operation.stepSizes, operation.momentum]
        + [operation.position].compactMap(\.self)
    case .accept(let operation):
      [
        operation.before.density, operation.before.momentumDensity, operation.after.density,
        operation.after.momentumDensity, operation.indices,
      ]
    case .select(let operation):
      [operation.choice, operation.input, operation.output]
    case .normalize(let operation):
      [operation.input] + [operation.sum].compactMap(\.self)
        + (operation.accumulates ? [operation.output] : [])
    case .logMean(let operation):
      [operation.maximum, operation.sum] + (operation.accumulates ? [operation.output] : [])
    case .sum(let operation):
      [operation.input] + (operation.accumulates ? [operation.output] : [])
    case .adam:
      []
    }
  }

  /// The tensors that hold values after the operation has run.
  public var writes: [Tensor] {
    switch self {
    case .gather(let operation):
      [operation.batch, operation.indices]
    case .multiply(let operation):
      [operation.output]
    case .weightGradient(let operation):
      [operation.gradient]
    case .biasGradient(let operation):
      [operation.gradient]
    case .reparameterize(let operation):
      [operation.sample] + (operation.source == .given ? [] : [operation.noise])
    case .latentTerm(let operation):
      [operation.term]
    case .bernoulli(let operation):
      [operation.term] + [operation.delta].compactMap(\.self)
    case .gaussian(let operation):
      [operation.term]
        + [operation.meanDelta, operation.logSigmaDelta, operation.targetDelta].compactMap(\.self)
    case .logWeight(let operation):
      [operation.output]
    case .estimate(let operation):
      [operation.bounds]
        + [
          operation.encoderBounds, operation.decoderCoefficients, operation.pathCoefficients,
          operation.scoreCoefficients,
        ].compactMap(\.self)
    case .draw(let operation):
      [operation.drawn, operation.decoderCoefficients, operation.pathCoefficients]
        + [operation.scoreCoefficients].compactMap(\.self)
    case .latentGradient(let operation):
      [operation.flow, operation.own].compactMap(\.self).flatMap { [$0.mean, $0.logSigma] }
    case .sumSamples(let operation):
      [operation.output]
    case .accumulateWeights(let operation):
      [operation.maximum, operation.sum]
        + [operation.squares, operation.decay, operation.squaredDecay].compactMap(\.self)
        + operation.coefficients.map(\.output)
    case .leapfrog(let operation):
      [operation.momentum] + [operation.position].compactMap(\.self)
    case .accept(let operation):
      [operation.accepted]
    case .select(let operation):
      [operation.output]
    case .normalize(let operation):
      [operation.output]
    case .logMean(let operation):
      [operation.output]
    case .sum(let operation):
      [operation.output]
    case .adam:
      []
    }
  }

  /// The rows that the operation walks, one after another and independently: samples or images.
  /// Nil where it sums over rows or works on whole arenas.
  public var rows: Int? {
    switch self {
    case .gather(let operation): operation.batch.shape.rows
    case .multiply(let operation): operation.output.shape.rows
    case .reparameterize(let operation): operation.sample.shape.rows
    case .latentTerm(let operation): operation.term.shape.rows
    case .bernoulli(let operation): operation.term.shape.rows
    case .gaussian(let operation): operation.term.shape.rows
    case .logWeight(let operation): operation.output.shape.rows
    case .estimate(let operation): operation.bounds.shape.rows
    case .draw(let operation): operation.indices.shape.rows
    case .latentGradient(let operation): operation.sample.shape.rows
    case .sumSamples(let operation): operation.output.shape.rows
    case .accumulateWeights(let operation): operation.maximum.shape.rows
    case .leapfrog(let operation): operation.momentum.shape.rows
    case .accept(let operation): operation.accepted.shape.rows
    case .select(let operation): operation.choice.shape.rows
    case .logMean(let operation): operation.output.shape.rows
    case .sum(let operation): operation.output.shape.rows
    case .weightGradient, .biasGradient, .normalize, .adam: nil
    }
  }
}
