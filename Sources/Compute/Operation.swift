/// One step of a program: a plain description of what to compute, with no device in it.
///
/// Matrices have one row per image or per sample. An operand with fewer rows than the operation
/// is broadcast: consecutive rows share one of its rows, as the samples of an image share it.
public enum Operation: Hashable, Sendable {
  case gather(Gather)
  case multiply(Multiply)
  case weightGradient(WeightGradient)
  case biasGradient(BiasGradient)
  case reparameterize(Reparameterize)
  case latentTerm(LatentTerm)
  case bernoulli(Bernoulli)
  case gaussian(Gaussian)
  case logWeight(LogWeight)
  case estimate(Estimate)
  case draw(Draw)
  case latentGradient(LatentGradient)
  case sumSamples(SumSamples)
  case accumulateWeights(AccumulateWeights)
  case leapfrog(Leapfrog)
  case accept(Accept)
  case select(Select)
  case normalize(Normalize)
  case logMean(LogMean)
  case sum(Sum)
  case adam(Adam)
}

/// The function at the end of a layer. Its derivative is written in terms of its own output.
public enum Activation: Int, Hashable, Sendable, CaseIterable {
  case identity, tanh, relu, softplus, logistic
}

/// How pixels become the 0s and 1s of a Bernoulli likelihood.
public enum Binarization: Int, Hashable, Sendable, CaseIterable {
  /// Taken as they are.
  case none
  /// One where the value is at least one half.
  case threshold
  /// One with the value as probability, afresh each pass.
  case sample
}

/// The prior of a stochastic layer, as far as the layer itself is concerned.
public enum LatentPrior: Int, Hashable, Sendable, CaseIterable {
  /// A conditional density further down the decoder; a `gaussian` operation accounts for it.
  case conditional
  /// N(0, I), evaluated at the sample.
  case standardNormal
  /// N(0, I), as the Kullback-Leibler divergence in closed form.
  case closedForm
}

/// A batch of images out of a resident data set: `batch[b] = scale * source[order[offset + b]]`,
/// binarized if asked. The offset is the control record's; positions wrap around.
public struct Gather: Hashable, Sendable {
  /// `(N, D)`, `uint8` or `float32`, resident.
  public var source: Tensor
  /// `(N)`, `uint32`, resident: a permutation of the rows of `source`.
  public var order: Tensor
  public var scale: Float
  public var binarization: Binarization
  /// `(B, D)`
  public var batch: Tensor
  /// `(B)`, `uint32`: each image's row in `source`, which addresses its noise.
  public var indices: Tensor

  public init(
    source: Tensor, order: Tensor, scale: Float = 1, binarization: Binarization = .none,
    batch: Tensor, indices: Tensor
  ) {
    self.source = source
    self.order = order
    self.scale = scale
    self.binarization = binarization
    self.batch = batch
    self.indices = indices
  }
}

/// A layer or its transpose: `output = finish(input W^T + bias)`, or `finish(input W)`.
///
/// `finish` adds what `output` holds if `accumulates`, then applies the activation; with
/// `derivativeAt` it multiplies by the activation's derivative there instead.
public struct Multiply: Hashable, Sendable {
  /// `(R, in)`, or `(R, out)` if `transposed`.
  public var input: Tensor
  /// A parameter `(out, in)`.
  public var weight: Tensor
  /// Walks the layer backwards, from its outputs to its inputs.
  public var transposed: Bool
  /// A parameter `(out)`; never with `transposed`.
  public var bias: Tensor?
  public var activation: Activation
  /// `(R, columns of output)`: the activation's own output.
  public var derivativeAt: Tensor?
  public var accumulates: Bool
  /// `(R, out)`, or `(R, in)` if `transposed`.
  public var output: Tensor

  public init(
    input: Tensor, weight: Tensor, transposed: Bool = false, bias: Tensor? = nil,
    activation: Activation = .identity, derivativeAt: Tensor? = nil, accumulates: Bool = false,
    output: Tensor
  ) {
    self.input = input
    self.weight = weight
    self.transposed = transposed
    self.bias = bias
    self.activation = activation
    self.derivativeAt = derivativeAt
    self.accumulates = accumulates
    self.output = output
  }

  /// The length of each sum.
  public var depth: Int { input.shape.columns }
}

/// `gradient[o, i] = sum over r of scale[r] * delta[r, o] * input[r, i]`, added to what is there,
/// multiplied by `decay`, if it accumulates.
public struct WeightGradient: Hashable, Sendable {
  /// `(R, out)`
  public var delta: Tensor
  /// `(R, in)`
  public var input: Tensor
  /// `(R)`: the coefficient of each row; 1 if absent.
  public var rowScale: Tensor?
  public var accumulates: Bool
  /// `(1)`: what the gradient is multiplied by before it is added to. Where it is 0, what the
  /// gradient held does not matter, not even NaN.
  public var decay: Tensor?
  /// `(out, in)`, a gradient or an accumulator.
  public var gradient: Tensor

  public init(
    delta: Tensor, input: Tensor, rowScale: Tensor? = nil, accumulates: Bool = false,
    decay: Tensor? = nil, gradient: Tensor
  ) {
    self.delta = delta
    self.input = input
    self.rowScale = rowScale
    self.accumulates = accumulates
    self.decay = decay
    self.gradient = gradient
  }
}

/// `gradient[o] = sum over r of scale[r] * delta[r, o]`
public struct BiasGradient: Hashable, Sendable {
  /// `(R, out)`
  public var delta: Tensor
  /// `(R)`: the coefficient of each row; 1 if absent.
  public var rowScale: Tensor?
  public var accumulates: Bool
  /// `(1)`: what the gradient is multiplied by before it is added to. Where it is 0, what the
  /// gradient held does not matter, not even NaN.
  public var decay: Tensor?
  /// `(out)`, a gradient or an accumulator.
  public var gradient: Tensor

  public init(
    delta: Tensor, rowScale: Tensor? = nil, accumulates: Bool = false, decay: Tensor? = nil,
    gradient: Tensor
  ) {
    self.delta = delta
    self.rowScale = rowScale
    self.accumulates = accumulates
    self.decay = decay
    self.gradient = gradient
  }
}

/// Where a layer's noise comes from.
public enum NoiseSource: Hashable, Sendable {
  /// Philox at (layer, step, image, sample, column); the step and the first sample's index are
  /// the control record's.
  case addressed(layer: Int)
  /// What the host put into the noise tensor.
  case given
}

/// `sample = mean + exp(logSigma) * noise`
public struct Reparameterize: Hashable, Sendable {
  /// `(R0, L)`, broadcast over the R / R0 samples of a row.
  public var mean: Tensor
  /// `(R0, L)`
  public var logSigma: Tensor
  /// `(B)`, `uint32`: the index of each image in its data set.
  public var indices: Tensor
  public var source: NoiseSource
  /// `(R)`, `uint32`: the index of each row among its image's samples; nil where rows follow one
  /// another.
  public var drawn: Tensor?
  /// `(R, L)`, written if addressed, read if given.
  public var noise: Tensor
  /// `(R, L)`
  public var sample: Tensor

  public init(
    mean: Tensor, logSigma: Tensor, indices: Tensor, source: NoiseSource, drawn: Tensor? = nil,
    noise: Tensor, sample: Tensor
  ) {
    self.mean = mean
    self.logSigma = logSigma
    self.indices = indices
    self.source = source
    self.drawn = drawn
    self.noise = noise
    self.sample = sample
  }
}

/// What a stochastic layer adds to log p(h) - log q(h|x):
/// `-log q` for a conditional prior, `log N(sample; 0, I) - log q` for the standard normal,
/// `-KL(q || N(0, I))` for the closed form.
public struct LatentTerm: Hashable, Sendable {
  /// `(R0, L)`
  public var mean: Tensor
  /// `(R0, L)`
  public var logSigma: Tensor
  /// `(R, L)`
  public var noise: Tensor
  /// `(R, L)`
  public var sample: Tensor
  public var prior: LatentPrior
  /// `(R)`
  public var term: Tensor

  public init(
    mean: Tensor, logSigma: Tensor, noise: Tensor, sample: Tensor, prior: LatentPrior,
    term: Tensor
  ) {
    self.mean = mean
    self.logSigma = logSigma
    self.noise = noise
    self.sample = sample
    self.prior = prior
    self.term = term
  }
}

/// `term = sum over j of x a - log(1 + e^a)` and `delta = x - 1 / (1 + e^-a)`, for logits a.
public struct Bernoulli: Hashable, Sendable {
  /// `(R, D)`
  public var logits: Tensor
  /// `(B, D)`, broadcast over the R / B samples of an image.
  public var target: Tensor
  /// `(R)`
  public var term: Tensor
  /// `(R, D)`: the derivative of `term` with respect to the logits.
  public var delta: Tensor?

  public init(logits: Tensor, target: Tensor, term: Tensor, delta: Tensor? = nil) {
    self.logits = logits
    self.target = target
    self.term = term
    self.delta = delta
  }
}

/// `term = log N(target; mean, exp(logSigma)^2)`, and its derivatives.
public struct Gaussian: Hashable, Sendable {
  /// `(R, D)`
  public var mean: Tensor
  /// `(R, D)`
  public var logSigma: Tensor
  /// `(T, D)`, broadcast over R / T rows.
  public var target: Tensor
  /// A density of latents: its derivatives carry the control record's KL weight.
  public var isAnnealed: Bool
  /// `(R)`, never scaled: `logWeight` applies the KL weight to it.
  public var term: Tensor
  /// `(R, D)`
  public var meanDelta: Tensor?
  /// `(R, D)`
  public var logSigmaDelta: Tensor?
  /// `(R, D)`, only where the target has R rows.
  public var targetDelta: Tensor?

  public init(
    mean: Tensor, logSigma: Tensor, target: Tensor, isAnnealed: Bool = false, term: Tensor,
    meanDelta: Tensor? = nil, logSigmaDelta: Tensor? = nil, targetDelta: Tensor? = nil
  ) {
    self.mean = mean
    self.logSigma = logSigma
    self.target = target
    self.isAnnealed = isAnnealed
    self.term = term
    self.meanDelta = meanDelta
    self.logSigmaDelta = logSigmaDelta
    self.targetDelta = targetDelta
  }
}

/// `output = sum of likelihoods + klWeight * sum of annealed terms`, row by row.
public struct LogWeight: Hashable, Sendable {
  /// The most terms of either kind; a deeper model adds them in several operations.
  public static let maximumTerms = 4

  /// `(R)` each
  public var likelihoods: [Tensor]
  /// `(R)` each
  public var annealed: [Tensor]
  public var accumulates: Bool
  /// `(R)`
  public var output: Tensor

  public init(
    likelihoods: [Tensor], annealed: [Tensor], accumulates: Bool = false, output: Tensor
  ) {
    self.likelihoods = likelihoods
    self.annealed = annealed
    self.accumulates = accumulates
    self.output = output
  }
}

/// The bound and the coefficients of an objective, image by image, from its log-weights.
///
/// Each image has `groups * samples` log-weights, sample `m * samples + k` being the k-th of
/// group m. An output that is absent is not computed.
public struct Estimate: Hashable, Sendable {
  /// `(B * M * K)`
  public var logWeights: Tensor
  public var groups: Int
  public var samples: Int
  public var rule: EstimatorRule
  /// Multiplies every coefficient: 1 / B for the mean over a batch.
  public var scale: Float
  /// `(B)`: the bound that the decoder ascends.
  public var bounds: Tensor
  /// `(B)`: the bound that the encoder ascends, where it differs.
  public var encoderBounds: Tensor?
  /// `(B * M * K)`
  public var decoderCoefficients: Tensor?
  /// `(B * M * K)`
  public var pathCoefficients: Tensor?
  /// `(B * M * K)`
  public var scoreCoefficients: Tensor?

  public init(
    logWeights: Tensor, groups: Int, samples: Int, rule: EstimatorRule, scale: Float = 1,
    bounds: Tensor, encoderBounds: Tensor? = nil, decoderCoefficients: Tensor? = nil,
    pathCoefficients: Tensor? = nil, scoreCoefficients: Tensor? = nil
  ) {
    self.logWeights = logWeights
    self.groups = groups
    self.samples = samples
    self.rule = rule
    self.scale = scale
    self.bounds = bounds
    self.encoderBounds = encoderBounds
    self.decoderCoefficients = decoderCoefficients
    self.pathCoefficients = pathCoefficients
    self.scoreCoefficients = scoreCoefficients
  }
}

/// Draws some of each image's samples in proportion to their weights (Burda et al., section 3), so
/// that only those need to be walked backwards; the expected gradient is that of all.
///
/// Within each scope of the decoder's rule, with w the normalised weights, one uniform number u
/// divides the weights evenly: draw j takes the sample where their running sum passes (j + u) / S.
/// Its coefficients are `scale * (linear + square * w) / S` in place of `scale * (linear w + square
/// w^2)`.
public struct Draw: Hashable, Sendable {
  /// `(B * M * K)`
  public var logWeights: Tensor
  public var groups: Int
  public var samples: Int
  /// S, the draws of each scope.
  public var count: Int
  /// `(B)`, `uint32`: each image's row in its data set, which addresses the uniform number.
  public var indices: Tensor
  /// Without constants, and with one scope and temperature for all columns.
  public var rule: EstimatorRule
  public var scale: Float
  /// `(B * scopes * S)`, `uint32`: the index of each draw among its image's samples.
  public var drawn: Tensor
  /// `(B * scopes * S)`
  public var decoderCoefficients: Tensor
  /// `(B * scopes * S)`
  public var pathCoefficients: Tensor
  /// `(B * scopes * S)`
  public var scoreCoefficients: Tensor?

  public init(
    logWeights: Tensor, groups: Int, samples: Int, count: Int, indices: Tensor,
    rule: EstimatorRule, scale: Float = 1, drawn: Tensor, decoderCoefficients: Tensor,
    pathCoefficients: Tensor, scoreCoefficients: Tensor? = nil
  ) {
    self.logWeights = logWeights
    self.groups = groups
    self.samples = samples
    self.count = count
    self.indices = indices
    self.rule = rule
    self.scale = scale
    self.drawn = drawn
    self.decoderCoefficients = decoderCoefficients
    self.pathCoefficients = pathCoefficients
    self.scoreCoefficients = scoreCoefficients
  }

  /// The scopes of an image.
  public var scopes: Int { rule.decoder.scope == .all ? 1 : groups }
}

/// From the decoder's gradient at a sample to the deltas of its layer's mean and log-sigma.
///
/// With g = d log p(x, h) / dh (the prior's share added here, scaled like every latent density
/// by the KL weight b), s = exp(logSigma) and e = noise:
///
///     flow = (g, g s e + b)                               what reaches the layers below
///     own  = path * flow + (path + score) * b * (e / s, e^2 - 1)
///
/// `flow` is the derivative of log w through the sample for unit coefficients; `own` is what the
/// layer's weights ascend. For the closed form, flow = (g - b mean, g s e + b (1 - s^2)) and
/// there is no score.
public struct LatentGradient: Hashable, Sendable {
  /// `(R, L)`: the derivative of the decoder's densities with respect to the sample.
  public var decoderGradient: Tensor
  /// `(R0, L)`
  public var mean: Tensor
  /// `(R0, L)`
  public var logSigma: Tensor
  /// `(R, L)`
  public var noise: Tensor
  /// `(R, L)`
  public var sample: Tensor
  public var prior: LatentPrior
  /// `(R)`: the coefficient of the path.
  public var path: Tensor?
  /// `(R)`: the coefficient of the score, where it is not minus the path's.
  public var score: Tensor?
  /// `(R, L)` each
  public var flow: Pair?
  /// `(R, L)` each
  public var own: Pair?

  /// Deltas of a layer's two heads.
  public struct Pair: Hashable, Sendable {
    public var mean: Tensor
    public var logSigma: Tensor

    public init(mean: Tensor, logSigma: Tensor) {
      self.mean = mean
      self.logSigma = logSigma
    }
  }

  public init(
    decoderGradient: Tensor, mean: Tensor, logSigma: Tensor, noise: Tensor, sample: Tensor,
    prior: LatentPrior, path: Tensor? = nil, score: Tensor? = nil, flow: Pair? = nil,
    own: Pair? = nil
  ) {
    self.decoderGradient = decoderGradient
    self.mean = mean
    self.logSigma = logSigma
    self.noise = noise
    self.sample = sample
    self.prior = prior
    self.path = path
    self.score = score
    self.flow = flow
    self.own = own
  }
}

/// `output[b] = scale * sum of the R / R0 consecutive rows of input that share b`
public struct SumSamples: Hashable, Sendable {
  /// `(R, N)`
  public var input: Tensor
  public var scale: Float
  public var accumulates: Bool
  /// `(R0)`: what each row of the output is multiplied by before it is added to. Where it is 0, what
  /// the row held does not matter.
  public var decay: Tensor?
  /// `(R0, N)`
  public var output: Tensor

  public init(
    input: Tensor, scale: Float = 1, accumulates: Bool = false, decay: Tensor? = nil,
    output: Tensor
  ) {
    self.input = input
    self.scale = scale
    self.accumulates = accumulates
    self.decay = decay
    self.output = output
  }
}

/// `output[b] = scale * sum of the N / B consecutive values of input that share b`, added to what is
/// there if `accumulates`.
public struct Sum: Hashable, Sendable {
  /// `(N)`
  public var input: Tensor
  public var scale: Float
  public var accumulates: Bool
  /// `(B)`
  public var output: Tensor

  public init(input: Tensor, scale: Float = 1, accumulates: Bool = false, output: Tensor) {
    self.input = input
    self.scale = scale
    self.accumulates = accumulates
    self.output = output
  }
}

/// One ascent step of every parameter along its gradient:
///
///     m += (1 - beta1) (g - m)        v += (1 - beta2) (g^2 - v)
///     p += stepSize * m / (momentScale * sqrt(v) + epsilon)
///
/// `Control` holds `stepSize` and `momentScale`; `AdamConvention` says how both follow from the
/// step's number.
public struct Adam: Hashable, Sendable {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// Whether p moves along m and v as they stood before this gradient, as the released IWAE code
  /// does.
  public var isDelayed: Bool

  public init(
    beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-4, isDelayed: Bool = false
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.isDelayed = isDelayed
  }

  /// The constants that go with a convention, as published.
  public init(_ convention: AdamConvention) {
    switch convention {
    case .usual: self.init()
    case .released: self.init(beta1: 0.99, isDelayed: true)
    }
  }
}
