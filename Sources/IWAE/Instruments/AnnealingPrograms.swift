import Compute

/// The programs of annealed importance sampling with Hamiltonian transitions, for a batch of images
/// and some chains of each.
///
/// The density at temperature t is g(h)^(1-t) p(x, h)^t, where g is a Gaussian without correlations for
/// each image. Trajectories move in its units, so that they turn about it in the time that they turn
/// about a standard normal density.
struct AnnealingPrograms {
  /// Takes the images of a batch.
  let load: Program
  /// Draws positions from the Gaussians.
  let start: Program
  /// Looks at the density at the positions.
  let look: Program
  /// Draws momenta, and begins a trajectory at the positions.
  let begin: Program
  /// A leapfrog step.
  let leap: Program
  /// Accepts where the trajectory ended, or not.
  let end: Program
  /// Adds the change of the temperature times log p(x, h) - log g(h) to the log-weights.
  let weigh: Program
  let tensors: AnnealingTensors

  static var all: [KeyPath<AnnealingPrograms, Program>] {
    [\.load, \.start, \.look, \.begin, \.leap, \.end, \.weigh]
  }

  var all: [Program] { Self.all.map { self[keyPath: $0] } }

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
      for layer in tensors.layers {
        let noise = Tensor("annealing.noise.\(layer.index)", layer.momentum.shape, .temporary)
        try builder.appendNormals(layer.index, into: noise, tensors)
        try builder.append(
          [.init(layer.center.value + layer.scale.value * noise.value, into: layer.here.latent)],
          reading: [layer.center, layer.scale, noise])
      }
    }
    look = try build("look") { builder throws(ProgramError) in
      try builder.appendDensity(tensors, at: \.here, tensors.here)
    }
    begin = try build("begin") { builder throws(ProgramError) in
      for layer in tensors.layers {
        for part in [\AnnealingTensors.Point.latent, \.gradient] {
          try builder.program.append(
            .sum(Sum(input: layer.here[keyPath: part], output: layer.there[keyPath: part])))
        }
        try builder.appendNormals(layer.index, into: layer.momentum, tensors)
      }
      try builder.appendMomentumDensity(tensors, into: tensors.here.momentum)
    }
    leap = try build("leap") { builder throws(ProgramError) in
      for layer in tensors.layers { try builder.appendLeapfrog(layer, tensors, moves: true) }
      try builder.appendDensity(tensors, at: \.there, tensors.there)
      for layer in tensors.layers { try builder.appendLeapfrog(layer, tensors, moves: false) }
    }
    end = try build("end") { builder throws(ProgramError) in
      try builder.appendMomentumDensity(tensors, into: tensors.there.momentum)
      try builder.appendAcceptance(tensors)
    }
    weigh = try build("weigh") { builder throws(ProgramError) in
      let (weights, change) = (tensors.logWeights, tensors.change)
      let (model, start) = (tensors.here.model, tensors.here.start)
      try builder.append(
        [.init(weights.value + change.value * (model.value - start.value), into: weights)],
        reading: [weights, change, model, start])
    }
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

  /// log p(x, h) at some points with its derivative, and the starting density.
  fileprivate mutating func appendDensity(
    _ tensors: AnnealingTensors, at point: KeyPath<AnnealingTensors.Layer, AnnealingTensors.Point>,
    _ judged: AnnealingTensors.Judged
  ) throws(ProgramError) {
    let latents = tensors.layers.map { $0[keyPath: point].latent }
    let start = program.operations.count
    let prior = try appendPrior(at: latents[top], named: "annealing.prior")
    try appendDecoder(of: latents, tensors.images)
    try appendLogWeight(judged.model, latentTerms: prior)
    var walk = Derivation(leaves: Set(latents))
    walk.add(BoundFormula(1, reading: []), to: judged.model)
    try walk.walk(start..<program.operations.count, of: &program)
    for layer in tensors.layers {
      let point = layer[keyPath: point]
      try walk.store(point.latent, into: point.gradient, of: &program)
    }
    try appendNormalDensity(
      tensors.layers.map { layer in
        let latent = layer[keyPath: point].latent
        let place = (latent.value - layer.center.value) / layer.scale.value
        return (
          place, .log(layer.scale.value), [latent, layer.center, layer.scale]
        )
      }, into: judged.start)
  }

  /// One half of a leapfrog step, in units of the starting Gaussian: momenta follow the density's
  /// gradient, and positions their momenta. Once with the position and, at the gradient there, once
  /// without: that is the step.
  ///
  ///     momentum += e / 2 * (t * scale * gradient - (1 - t) * (position - center) / scale)
  ///     position += e * scale * momentum                   with e the image's step size
  fileprivate mutating func appendLeapfrog(
    _ layer: AnnealingTensors.Layer, _ tensors: AnnealingTensors, moves: Bool
  ) throws(ProgramError) {
    let (latent, gradient) = (layer.there.latent, layer.there.gradient)
    let (step, temperature) = (tensors.stepSizes.value, tensors.temperatures.value)
    let scale = layer.scale.value
    let slope =
      temperature * scale * gradient.value
      - (1 - temperature) * (latent.value - layer.center.value) / scale
    let momentum = layer.momentum.value + 0.5 * step * slope
    var results = [Map.Result(momentum, into: layer.momentum)]
    if moves { results.append(.init(latent.value + step * scale * momentum, into: latent)) }
    try append(
      results,
      reading: [
        tensors.stepSizes, tensors.temperatures, layer.center, layer.scale, gradient, latent,
        layer.momentum,
      ])
  }

  /// Metropolis's choice between a trajectory's ends, and what follows from it:
  ///
  ///     accepted = u < exp(log density there - log density here)
  ///
  /// with u the row's own uniform number. What is not a number is not accepted.
  fileprivate mutating func appendAcceptance(_ tensors: AnnealingTensors) throws(ProgramError) {
    let uniform = Tensor(
      "annealing.uniform", .matrix(rows: sampleRows, columns: 1), .temporary)
    try program.append(
      .noise(Noise(.uniform, purpose: .acceptance, indices: tensors.indices, output: uniform)))
    let (here, there) = (tensors.here, tensors.there)
    let temperature = tensors.temperatures.value
    let ratio =
      temperature * (there.model.value - here.model.value)
      + (1 - temperature) * (there.start.value - here.start.value)
      + (there.momentum.value - here.momentum.value)
    let chance = Formula.exp(.min(ratio, 0))
    try append(
      [.init(sumOf: .less(uniform.value, chance), into: tensors.accepted)],
      reading: [
        uniform, tensors.temperatures, here.model, here.start, here.momentum, there.model,
        there.start, there.momentum,
      ])
    let accepted = tensors.accepted
    try append(
      [.init(tensors.acceptances.value + accepted.value, into: tensors.acceptances)],
      reading: [tensors.acceptances, accepted])
    var choices = [(there.model, here.model), (there.start, here.start)]
    for layer in tensors.layers {
      choices.append((layer.there.latent, layer.here.latent))
      choices.append((layer.there.gradient, layer.here.gradient))
    }
    for (from, to) in choices {
      try append(
        [.init(.where(accepted.value, from.value, to.value), into: to)],
        reading: [accepted, from, to])
    }
  }

  /// log N(momenta; 0, I) over all layers.
  fileprivate mutating func appendMomentumDensity(
    _ tensors: AnnealingTensors, into density: Tensor
  ) throws(ProgramError) {
    try appendNormalDensity(
      tensors.layers.map { ($0.momentum.value, 0, [$0.momentum]) }, into: density)
  }

  /// The sum over layers of log N(place; 0, I) less the logarithm of the places' unit.
  private mutating func appendNormalDensity(
    _ layers: [(place: Formula, logUnit: Formula, reading: [Tensor])], into density: Tensor
  ) throws(ProgramError) {
    for (index, layer) in layers.enumerated() {
      let term =
        index == 0 ? density : Tensor("\(density.name).\(index)", density.shape, .temporary)
      let normal =
        Prior.standardNormalLogDensity.substituting(["z": layer.place]) - layer.logUnit
      try append([.init(sumOf: normal, into: term)], reading: layer.reading)
      if index > 0 {
        try append([.init(density.value + term.value, into: density)], reading: [density, term])
      }
    }
  }
}
