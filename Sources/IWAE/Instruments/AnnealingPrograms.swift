import Compute

/// The programs of annealed importance sampling with Hamiltonian transitions, for a batch of images
/// and some chains of each.
///
/// The density at temperature b is p(h) p(x|h)^b. Programs compute its logarithm divided by b,
/// log p(x|h) + (log p(h)) / b, because the control record's KL weight multiplies densities of
/// latents; its `densityScale` b makes the density of it.
struct AnnealingPrograms {
  /// Takes the images of a batch.
  let load: Program
  /// Draws positions from the prior.
  let start: Program
  /// Draws momenta, copies positions to where a trajectory moves, and looks at the density there.
  let begin: Program
  /// A leapfrog step.
  let leap: Program
  /// Accepts where the trajectory ended, or not.
  let end: Program
  /// Adds the KL weight times log p(x|h) to the log-weights.
  let weigh: Program
  let tensors: AnnealingTensors

  var states: [Tensor] {
    var result: [Tensor] = []
    for tensor in [load, start, begin, leap, end, weigh].flatMap({ $0.tensors(.state) })
    where !result.contains(tensor) { result.append(tensor) }
    return result
  }

  /// - Parameters:
  ///   - model: The model.
  ///   - source: Where the images come from.
  ///   - batchSize: Images at a time.
  ///   - chains: Chains of each image.
  init(
    _ model: Model, source: BatchSource, batchSize: Int, chains: Int
  ) throws(ProgramError) {
    let configuration = StepConfiguration(
      batchSize: batchSize, samples: chains, objective: .vae, source: source, optimizer: nil)
    tensors = AnnealingTensors(model, batchSize: batchSize, chains: chains)
    func build(
      _ name: String, _ body: (inout StepBuilder) throws(ProgramError) -> Void
    ) throws(ProgramError) -> Program {
      var builder = StepBuilder(model, configuration, name: name)
      try body(&builder)
      return builder.program.build()
    }
    let tensors = tensors
    load = try build("load") { builder throws(ProgramError) in
      _ = try builder.appendBatch(as: .state)
    }
    start = try build("start") { builder throws(ProgramError) in
      try builder.appendPrior(tensors)
    }
    begin = try build("begin") { builder throws(ProgramError) in
      for layer in tensors.layers {
        try builder.program.append(
          .sumSamples(SumSamples(input: layer.position, output: layer.proposal)))
        try builder.appendNormals(layer, into: layer.momentum, tensors)
      }
      try builder.appendDensity(tensors, into: tensors.before.density, keepsLikelihood: true)
      try builder.appendMomentumDensity(tensors, into: tensors.before.momentumDensity)
    }
    leap = try build("leap") { builder throws(ProgramError) in
      for layer in tensors.layers { try builder.appendLeapfrog(layer, tensors, moves: true) }
      try builder.appendDensity(tensors, into: tensors.after.density, keepsLikelihood: false)
      for layer in tensors.layers { try builder.appendLeapfrog(layer, tensors, moves: false) }
      try builder.appendMomentumDensity(tensors, into: tensors.after.momentumDensity)
    }
    end = try build("end") { builder throws(ProgramError) in
      try builder.program.append(
        .accept(
          Accept(
            before: tensors.before, after: tensors.after, indices: tensors.indices,
            accepted: tensors.accepted)))
      for layer in tensors.layers {
        try builder.program.append(
          .select(
            Select(choice: tensors.accepted, input: layer.proposal, output: layer.position)))
      }
    }
    weigh = try build("weigh") { builder throws(ProgramError) in
      try builder.program.append(
        .logWeight(
          LogWeight(
            likelihoods: [], annealed: [tensors.likelihood], accumulates: true,
            output: tensors.logWeights)))
    }
  }
}

/// What the programs keep for each other: a row is a chain.
struct AnnealingTensors {
  /// One stochastic layer, `(R, latent)` each.
  struct Layer {
    var index: Int
    var position: Tensor
    /// Where the trajectory under way is.
    var proposal: Tensor
    var momentum: Tensor
    /// The derivative of the density there.
    var gradient: Tensor
    /// The mean and the log-sigma of N(0, I).
    var zeros: Tensor
  }

  /// Upwards from the data.
  let layers: [Layer]
  let images: Tensor
  /// `(B)`, `uint32`.
  let indices: Tensor
  /// `(B)`
  let stepSizes: Tensor
  /// `(R)` each.
  let before: Accept.End
  let after: Accept.End
  let accepted: Tensor
  /// `(R)`: log p(x|h) at the positions.
  let likelihood: Tensor
  let logWeights: Tensor

  init(_ model: Model, batchSize: Int, chains: Int) {
    let rows = Shape.vector(batchSize * chains)
    func vector(_ name: String) -> Tensor { Tensor("annealing.\(name)", rows, .state) }
    layers = model.encoder.enumerated().map { index, layer in
      func matrix(_ name: String) -> Tensor {
        Tensor(
          "annealing.\(name).\(index)", .matrix(rows: rows.count, columns: layer.latent), .state)
      }
      return Layer(
        index: index, position: matrix("position"), proposal: matrix("proposal"),
        momentum: matrix("momentum"), gradient: matrix("gradient"), zeros: matrix("zeros"))
    }
    images = Tensor("images", .matrix(rows: batchSize, columns: model.dataSize), .state)
    indices = Tensor("indices", .vector(batchSize), .state, element: .uint32)
    stepSizes = Tensor("annealing.step_sizes", .vector(batchSize), .state)
    before = .init(
      density: vector("density_before"), momentumDensity: vector("momentum_density_before"))
    after = .init(
      density: vector("density_after"), momentumDensity: vector("momentum_density_after"))
    accepted = vector("accepted")
    likelihood = vector("likelihood")
    logWeights = vector("log_weights")
  }
}

extension StepBuilder {
  /// Normal numbers, addressed by the layer.
  fileprivate mutating func appendNormals(
    _ layer: AnnealingTensors.Layer, into output: Tensor, _ tensors: AnnealingTensors
  ) throws(ProgramError) {
    try appendSample(
      [layer.zeros, layer.zeros], layer.index, into: output, tensors, name: "normals")
  }

  private mutating func appendSample(
    _ heads: [Tensor], _ layer: Int, into output: Tensor, _ tensors: AnnealingTensors,
    name: String
  ) throws(ProgramError) {
    try program.append(
      .reparameterize(
        Reparameterize(
          mean: heads[0], logSigma: heads[1], indices: tensors.indices,
          source: .addressed(layer: layer),
          noise: Tensor("annealing.\(name).\(layer)", output.shape, .temporary), sample: output)))
  }

  /// Draws every layer's positions from the prior, from the top downwards.
  fileprivate mutating func appendPrior(_ tensors: AnnealingTensors) throws(ProgramError) {
    let topmost = tensors.layers[top]
    try appendNormals(topmost, into: topmost.position, tensors)
    for (place, network) in model.decoderNetworks.enumerated().dropLast() {
      let layer = top - place
      let (_, heads) = try forward(network, tensors.layers[layer].position, rows: sampleRows)
      try appendSample(
        heads, layer - 1, into: tensors.layers[layer - 1].position, tensors, name: "prior")
    }
  }

  /// log p(x|h) + KL weight * log p(h) where the trajectory is, and its derivative.
  fileprivate mutating func appendDensity(
    _ tensors: AnnealingTensors, into density: Tensor, keepsLikelihood: Bool
  ) throws(ProgramError) {
    latents = tensors.layers.map { layer in
      LatentLayer(
        activations: Activations(network: model.encoderNetworks[layer.index], values: []),
        mean: layer.zeros, logSigma: layer.zeros, noise: layer.momentum, sample: layer.proposal,
        prior: .conditional,
        term: Tensor("annealing.prior.\(layer.index)", density.shape, .temporary),
        gradient: layer.gradient)
    }
    // The density of the topmost layer writes its derivative; the way back from below adds to it.
    try program.append(
      .gaussian(
        Gaussian(
          mean: latents[top].mean, logSigma: latents[top].logSigma, target: latents[top].sample,
          isAnnealed: true, term: latents[top].term, targetDelta: latents[top].gradient)))
    try appendDecoder(tensors.images, hasDeltas: true)
    try appendLogWeight(density, latentTerms: [latents[top].term])
    if keepsLikelihood, let term = decoded.last?.term {
      try program.append(.sum(Sum(input: term, output: tensors.likelihood)))
    }
    try appendDecoderBackward(addsAtTop: true)
  }

  fileprivate mutating func appendLeapfrog(
    _ layer: AnnealingTensors.Layer, _ tensors: AnnealingTensors, moves: Bool
  ) throws(ProgramError) {
    try program.append(
      .leapfrog(
        Leapfrog(
          gradient: layer.gradient, stepSizes: tensors.stepSizes, momentum: layer.momentum,
          position: moves ? layer.proposal : nil)))
  }

  /// log N(momenta; 0, I) over all layers.
  fileprivate mutating func appendMomentumDensity(
    _ tensors: AnnealingTensors, into density: Tensor
  ) throws(ProgramError) {
    for layer in tensors.layers {
      let term = Tensor(
        "\(density.name).\(layer.index)", density.shape, .temporary)
      try program.append(
        .gaussian(
          Gaussian(mean: layer.zeros, logSigma: layer.zeros, target: layer.momentum, term: term)))
      try program.append(
        .logWeight(
          LogWeight(
            likelihoods: [term], annealed: [], accumulates: layer.index > 0, output: density)))
    }
  }
}
