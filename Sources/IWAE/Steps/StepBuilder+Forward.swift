import Compute

extension StepBuilder {
  /// Gathers the batch, or declares it as an input.
  mutating func appendBatch(
    as gathered: Role = .temporary
  ) throws(ProgramError) -> (images: Tensor, indices: Tensor) {
    let role: Role = configuration.source.isUploaded ? .input : gathered
    let images = Tensor(
      "images", .matrix(rows: configuration.batchSize, columns: model.dataSize), role)
    let indices = Tensor(
      "indices", .vector(configuration.batchSize), role, element: .uint32)
    labels = model.labels(rows: configuration.batchSize, role)
    if case .resident(let source, let order, let scale, let binarization, let classes, _) =
      configuration.source
    {
      try appendLabels(classes, order)
      try program.append(
        .gather(
          Gather(
            source: source, order: order, scale: scale, binarization: binarization,
            batch: images, indices: indices)))
    }
    return (images, indices)
  }

  /// The images as the encoder sees them: 0 stands for a missing value.
  mutating func appendSeen(
    _ images: Tensor, as role: Role = .temporary
  ) throws(ProgramError) -> Tensor {
    guard configuration.source.hasMissing else { return images }
    let seen = Tensor("images.seen", images.shape, role)
    try append(
      [.init(.where(.isNumber(images.value), images.value, 0), into: seen)], reading: [images])
    return seen
  }

  /// Appends a map.
  mutating func append(_ results: [Map.Result], reading tensors: [Tensor]) throws(ProgramError) {
    try program.append(.map(Map(results, reading: tensors)))
  }

  // MARK: Encoder and latents

  mutating func appendEncoder(_ images: Tensor, _ indices: Tensor) throws(ProgramError) {
    let seen = try appendSeen(images)
    let start = program.operations.count
    let heads = try appendLowest(seen)
    try appendLatents(heads: heads, network: start..<program.operations.count, indices)
  }

  /// Draws the samples of every layer, from the lowest, which has been encoded, upwards.
  mutating func appendLatents(
    heads: [Tensor], network: Range<Int> = 0..<0, _ indices: Tensor
  ) throws(ProgramError) {
    var value = try appendLatent(0, heads: heads, network: network, indices)
    for (layer, encoder) in model.encoderNetworks.enumerated().dropFirst() {
      let start = program.operations.count
      let heads = try encoder.append(value, to: &program)
      value = try appendLatent(
        layer, heads: heads, network: start..<program.operations.count, indices)
    }
  }

  /// Draws the samples of a layer; returns them.
  mutating func appendLatent(
    _ layer: Int, heads: [Tensor], network: Range<Int>, _ indices: Tensor
  ) throws(ProgramError) -> Tensor {
    let shape = Shape.matrix(rows: sampleRows, columns: model.encoder[layer].latent)
    let start = program.operations.count
    let posterior = model.encoder[layer].posterior
    let sample = Tensor("latent.\(layer)", shape, .temporary)
    var latent = LatentLayer(
      posterior: posterior, heads: heads,
      noise: Tensor("noise.\(layer)", shape, configuration.noiseIsGiven ? .input : .temporary),
      units: posterior.move == nil
        ? sample : Tensor("latent.\(layer).units", shape, .temporary),
      sample: sample, term: Tensor("latent.\(layer).term", .vector(sampleRows), .temporary),
      network: network)
    if !configuration.noiseIsGiven {
      try program.append(
        .noise(
          Noise(
            posterior.noise, purpose: .latent(layer: layer), indices: indices, drawn: drawn,
            output: latent.noise)))
    }
    latent.moved = try posterior.appendSample(
      DrawnUnits(
        model: model, layer: layer, heads: heads, noise: latent.noise, values: latent.units),
      into: sample, to: &program)
    latent.own = start..<program.operations.count
    let density = latent.bind(posterior.logDensityAtSample)
    let prior = layer == top ? prior(at: sample) : nil
    let term = prior.map { $0 - density.formula } ?? -density.formula
    try append(
      [.init(sumOf: term, into: latent.term)],
      reading: density.sources + [sample] + model.priorParameters)
    latents.append(latent)
    return sample
  }

  /// log p of the topmost latent, element by element; nil where its units depend on each other.
  func prior(at sample: Tensor) -> Formula? {
    model.prior.logDensity?.over(
      model.prior.parameters, model.priorParameters, ["z": sample])
  }

  /// Appends log p of the topmost latent, `(R)`, where units are independent: else it is the decoder's.
  mutating func appendPrior(
    at sample: Tensor, named name: String
  ) throws(ProgramError) -> [Tensor] {
    guard let density = prior(at: sample) else { return [] }
    let term = Tensor(name, .vector(sample.shape.rows), .temporary)
    try append([.init(sumOf: density, into: term)], reading: [sample] + model.priorParameters)
    return [term]
  }

  // MARK: Decoder

  /// Decodes every layer's samples, and the data: their densities, each a sum over a row.
  mutating func appendDecoder(_ images: Tensor) throws(ProgramError) {
    try appendDecoder(of: latents.map(\.sample), images)
  }

  /// - Parameter samples: A value of every layer, upwards from the data.
  mutating func appendDecoder(
    of samples: [Tensor], _ images: Tensor
  ) throws(ProgramError) {
    let beginning = program.operations.count
    let prepared = try model.prior.joint?.prepare(model, &program) ?? []
    let start = program.operations.count
    priorRange = beginning..<start
    if let joint = model.prior.joint {
      let term = Tensor("prior", .vector(sampleRows), .temporary)
      try joint.append(at: samples[top], prepared, of: model, into: term, to: &program)
      decoded.append(term)
    }
    for (position, network) in model.decoderNetworks.enumerated() {
      let layer = top - position
      let input = try layer == 0 ? conditioned(samples[0], for: network) : samples[layer]
      let heads = try network.append(input, to: &program)
      let term = Tensor("\(network.name) term", .vector(sampleRows), .temporary)
      if layer == 0 {
        dataHeads = heads
        try appendLikelihood(of: images, hasMissing: configuration.source.hasMissing, into: term)
      } else {
        let target = samples[layer - 1]
        let density = Posterior.gaussian.logDensity.over(
          Posterior.gaussian.heads, heads, ["z": target])
        try append([.init(sumOf: density, into: term)], reading: heads + [target])
      }
      decoded.append(term)
    }
    decoderRange = start..<program.operations.count
  }

  // MARK: Log-weights

  /// The log-weights of the samples, and those that the objective is estimated from, which may hold
  /// the topmost divergence in closed form: what is reported is log w as ever.
  mutating func appendWeights(
    role: Role = .temporary
  ) throws(ProgramError) -> (logWeights: Tensor, estimated: Tensor) {
    let shape = Shape.vector(sampleRows)
    let logWeights = Tensor("log_weights", shape, role)
    try appendLogWeight(logWeights, latentTerms: latents.flatMap(\.terms))
    guard configuration.objective.isClosedForm else { return (logWeights, logWeights) }
    let estimated = Tensor("closed_form_weights", shape, .temporary)
    let divergence = try appendDivergence()
    try appendLogWeight(estimated, latentTerms: latents.dropLast().flatMap(\.terms) + [divergence])
    return (logWeights, estimated)
  }

  /// Minus the topmost layer's divergence from its prior, where it stands for the sampled terms.
  private mutating func appendDivergence() throws(ProgramError) -> Tensor {
    let latent = latents[top]
    guard let divergence = model.divergence else {
      throw .invalid(operation: configuration.objective.name, problem: model.divergenceProblem)
    }
    let term = Tensor("latent.\(top).divergence", latent.term.shape, .temporary)
    let free = configuration.objective.freeBits ?? 0
    let counted = latent.bind(free > 0 ? .max(Formula(free), divergence) : divergence)
    try append([.init(sumOf: -counted.formula, into: term)], reading: counted.sources)
    return term
  }

  /// log w = log p(x|h) + klWeight * (the rest), some terms at a time.
  mutating func appendLogWeight(
    _ output: Tensor, latentTerms: [Tensor]
  ) throws(ProgramError) {
    guard let likelihood = decoded.last else { return }
    let annealed = decoded.dropLast() + latentTerms
    let weight = Control.Value.klWeight.formula
    let most = Map.maximumOperands - 3
    for start in stride(from: 0, to: annealed.count, by: most) {
      let part = annealed[start..<min(start + most, annealed.count)]
      let sum = part.dropFirst().reduce(part[part.startIndex].value) { $0 + $1.value }
      let first = start == 0 ? likelihood : output
      try append(
        [.init(first.value + weight * sum, into: output)], reading: [first] + part)
    }
  }
}
