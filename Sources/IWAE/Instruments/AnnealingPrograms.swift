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
  /// Draws positions from the prior, as far as formulas do.
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

  var all: [Program] { [load, start, begin, leap, end, weigh] }

  var states: [Tensor] { all.tensors([.state]) }

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
      builder.labels = model.labels(rows: batchSize, .state)
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
          .sum(Sum(input: layer.position, output: layer.proposal)))
        try builder.appendNormals(layer.index, into: layer.momentum, tensors)
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
      try builder.appendAcceptance(tensors)
      for layer in tensors.layers {
        let (from, to) = (layer.position, layer.proposal)
        try builder.append(
          [.init(.where(tensors.accepted.value, to.value, from.value), into: from)],
          reading: [tensors.accepted, from, to])
      }
    }
    weigh = try build("weigh") { builder throws(ProgramError) in
      let change = Control.Value.klWeight.formula * tensors.likelihood.value
      try builder.append(
        [.init(tensors.logWeights.value + change, into: tensors.logWeights)],
        reading: [tensors.likelihood, tensors.logWeights])
    }
  }
}

/// The tensors that the programs keep for each other: a row is a chain.
struct AnnealingTensors {
  /// One stochastic layer, `(R, latent)` each.
  struct Layer {
    var index: Int
    var position: Tensor
    /// The point that the trajectory under way has reached.
    var proposal: Tensor
    var momentum: Tensor
    /// The derivative of the density there.
    var gradient: Tensor
  }

  /// A trajectory's end, as it is judged by, `(R)` each.
  struct End {
    /// A log density, which the control record's `densityScale` multiplies.
    var density: Tensor
    /// The log density of the momenta.
    var momentumDensity: Tensor
  }

  /// Upwards from the data.
  let layers: [Layer]
  let images: Tensor
  /// `(B)`, `uint32`.
  let indices: Tensor
  /// `(B)`
  let stepSizes: Tensor
  /// `(R)` each.
  let before: End
  let after: End
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
        momentum: matrix("momentum"), gradient: matrix("gradient"))
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
    _ layer: Int, into output: Tensor, _ tensors: AnnealingTensors
  ) throws(ProgramError) {
    try program.append(
      .noise(Noise(purpose: .latent(layer: layer), indices: tensors.indices, output: output)))
  }

  /// Draws every layer's positions from the prior, from the top downwards. Where no formula draws those
  /// of the top, the host does, before.
  fileprivate mutating func appendPrior(_ tensors: AnnealingTensors) throws(ProgramError) {
    for layer in stride(from: top, through: 0, by: -1) {
      let position = tensors.layers[layer].position
      if layer == top && model.prior.sample == nil { continue }
      let noise = Tensor("annealing.noise.\(layer)", position.shape, .temporary)
      try appendNormals(layer, into: noise, tensors)
      if layer == top, let sample = model.prior.sample {
        let value = sample.over(model.prior.parameters, model.priorParameters, ["e": noise])
        try append([.init(value, into: position)], reading: [noise] + model.priorParameters)
      } else {
        let heads = try model.decoderNetworks[top - layer - 1].append(
          tensors.layers[layer + 1].position, to: &program)
        let gaussian = Posterior.gaussian
        let value = gaussian.sample.over(gaussian.heads, heads, ["e": noise])
        try append([.init(value, into: position)], reading: heads + [noise])
      }
    }
  }

  /// log p(x|h) + KL weight * log p(h) at the trajectory's place, and its derivative.
  fileprivate mutating func appendDensity(
    _ tensors: AnnealingTensors, into density: Tensor, keepsLikelihood: Bool
  ) throws(ProgramError) {
    let proposals = tensors.layers.map(\.proposal)
    let start = program.operations.count
    let prior = try appendPrior(at: proposals[top], named: "annealing.prior")
    try appendDecoder(of: proposals, tensors.images)
    try appendLogWeight(density, latentTerms: prior)
    if keepsLikelihood, let term = decoded.last {
      try program.append(.sum(Sum(input: term, output: tensors.likelihood)))
    }
    var walk = Derivation(leaves: Set(proposals))
    walk.add(BoundFormula(1, reading: []), to: density)
    try walk.walk(start..<program.operations.count, of: &program)
    for layer in tensors.layers {
      try walk.store(layer.proposal, into: layer.gradient, of: &program)
    }
  }

  /// One half of a leapfrog step: momenta follow the density's gradient, and positions their momenta.
  /// Once with the position and, at the gradient there, once without: that is the step.
  ///
  ///     momentum += e / 2 * densityScale * gradient        with e the image's step size
  ///     position += e * momentum
  fileprivate mutating func appendLeapfrog(
    _ layer: AnnealingTensors.Layer, _ tensors: AnnealingTensors, moves: Bool
  ) throws(ProgramError) {
    let step = tensors.stepSizes.value
    let scale = Control.Value.densityScale.formula
    let momentum = layer.momentum.value + 0.5 * step * scale * layer.gradient.value
    var results = [Map.Result(momentum, into: layer.momentum)]
    if moves {
      results.append(.init(layer.proposal.value + step * momentum, into: layer.proposal))
    }
    try append(
      results, reading: [tensors.stepSizes, layer.gradient, layer.momentum, layer.proposal])
  }

  /// Metropolis's choice between a trajectory's ends:
  ///
  ///     accepted = u < exp(densityScale (density after - before) + momentum density after - before)
  ///
  /// with u the row's own uniform number. What is not a number is not accepted.
  fileprivate mutating func appendAcceptance(_ tensors: AnnealingTensors) throws(ProgramError) {
    let uniform = Tensor(
      "annealing.uniform", .matrix(rows: sampleRows, columns: 1), .temporary)
    try program.append(
      .noise(Noise(.uniform, purpose: .acceptance, indices: tensors.indices, output: uniform)))
    let (before, after) = (tensors.before, tensors.after)
    let ratio =
      Control.Value.densityScale.formula * (after.density.value - before.density.value)
      + (after.momentumDensity.value - before.momentumDensity.value)
    let chance = Formula.exp(.min(ratio, 0))
    try append(
      [.init(sumOf: .less(uniform.value, chance), into: tensors.accepted)],
      reading: [
        uniform, before.density, after.density, before.momentumDensity, after.momentumDensity,
      ])
  }

  /// log N(momenta; 0, I) over all layers.
  fileprivate mutating func appendMomentumDensity(
    _ tensors: AnnealingTensors, into density: Tensor
  ) throws(ProgramError) {
    for layer in tensors.layers {
      let isFirst = layer.index == 0
      let term =
        isFirst
        ? density : Tensor("\(density.name).\(layer.index)", density.shape, .temporary)
      let normal = Prior.standardNormalLogDensity.substituting(["z": layer.momentum.value])
      try append([.init(sumOf: normal, into: term)], reading: [layer.momentum])
      if !isFirst {
        try append([.init(density.value + term.value, into: density)], reading: [density, term])
      }
    }
  }
}
