import Compute

extension StepBuilder {
  /// Walks a network forwards; returns its values and its heads.
  mutating func forward(
    _ network: Network, _ input: Tensor, rows: Int, headRole: Role = .temporary
  ) throws(ProgramError) -> (Activations, heads: [Tensor]) {
    var values = [input]
    for (index, layer) in network.hidden.enumerated() {
      let output = Tensor(
        "\(network.name).hidden.\(index)",
        .matrix(rows: rows, columns: layer.weight.shape.rows), .temporary)
      try program.append(
        .multiply(
          Multiply(
            input: values[index], weight: layer.weight, bias: layer.bias,
            activation: model.activation, output: output)))
      values.append(output)
    }
    var heads: [Tensor] = []
    for head in network.heads {
      let name = String(head.weight.name.dropLast(".weight".count))
      let output = Tensor(
        name, .matrix(rows: rows, columns: head.weight.shape.rows), headRole)
      try program.append(
        .multiply(
          Multiply(
            input: values[values.count - 1], weight: head.weight, bias: head.bias, output: output)))
      heads.append(output)
    }
    return (Activations(network: network, values: values), heads)
  }

  /// What a walk backwards through a network is for.
  struct Backward {
    /// The deltas of the heads.
    var deltas: [Tensor]
    /// Distinguishes the tensors of two walks through one network.
    var suffix = ""
    /// Whether the network's weights get their gradients from this walk.
    var reachesWeights = true
    /// The coefficient of each row in those gradients; nil where the deltas hold it already.
    var rowScale: Tensor?
    /// Where the derivative with respect to the input goes; nil to stop at the weights.
    var inputGradient: Tensor?
    var accumulates = false
  }

  /// Walks a network backwards, from the deltas of its heads to its weights and its input.
  mutating func backward(
    _ activations: Activations, _ walk: Backward
  ) throws(ProgramError) {
    let network = activations.network
    var layers = network.heads
    var deltas = walk.deltas
    for depth in stride(from: network.hidden.count, through: 0, by: -1) {
      let input = activations.values[depth]
      if walk.reachesWeights {
        for (layer, delta) in zip(layers, deltas) {
          try appendGradients(of: layer, delta: delta, input: input, rowScale: walk.rowScale)
        }
      }
      if depth == 0 {
        guard let target = walk.inputGradient else { return }
        try propagate(deltas, through: layers, to: target, accumulates: walk.accumulates)
        return
      }
      let target = Tensor("\(input.name).delta\(walk.suffix)", input.shape, .temporary)
      try propagate(deltas, through: layers, to: target, derivativeAt: input)
      layers = [network.hidden[depth - 1]]
      deltas = [target]
    }
  }

  /// The sum of what the layers' deltas mean for their common input.
  private mutating func propagate(
    _ deltas: [Tensor], through layers: [Dense], to target: Tensor, derivativeAt: Tensor? = nil,
    accumulates: Bool = false
  ) throws(ProgramError) {
    for (index, (delta, layer)) in zip(deltas, layers).enumerated() {
      let isLast = index == layers.count - 1
      try program.append(
        .multiply(
          Multiply(
            input: delta, weight: layer.weight, transposed: true,
            activation: isLast && derivativeAt != nil ? model.activation : .identity,
            derivativeAt: isLast ? derivativeAt : nil, accumulates: accumulates || index > 0,
            output: target)))
    }
  }

  private mutating func appendGradients(
    of layer: Dense, delta: Tensor, input: Tensor, rowScale: Tensor?
  ) throws(ProgramError) {
    try program.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: rowScale,
          gradient: layer.weight.counterpart(.gradient))))
    try program.append(
      .biasGradient(
        BiasGradient(
          delta: delta, rowScale: rowScale, gradient: layer.bias.counterpart(.gradient))))
  }

  /// Walks the decoder backwards once, with unit coefficients: the coefficients enter as row scales
  /// of the weights' gradients, and where the deltas reach the latents' own layers.
  mutating func appendDecoderBackward() throws(ProgramError) {
    for (position, decoded) in decoded.enumerated().reversed() {
      let layer = top - position
      // Below the top, the density of the latent has written its share already.
      try backward(
        decoded.activations,
        Backward(
          deltas: decoded.deltas, rowScale: decoderCoefficients,
          inputGradient: latents[layer].gradient, accumulates: layer < top))
    }
  }

  /// Walks the encoder backwards from its topmost layer.
  mutating func appendEncoderBackward() throws(ProgramError) {
    for layer in stride(from: top, through: 0, by: -1) {
      if layer == 0 { try appendLowestBackward() } else { try appendUpperBackward(layer) }
    }
  }

  private func latentGradient(
    _ layer: Int, flow: LatentGradient.Pair?, own: LatentGradient.Pair?
  ) -> Compute.Operation {
    let latent = latents[layer]
    // In closed form the topmost layer has no score; the layers below it are sampled.
    let score = latent.prior == .closedForm ? nil : scoreCoefficients
    return .latentGradient(
      LatentGradient(
        decoderGradient: latent.gradient, mean: latent.mean, logSigma: latent.logSigma,
        noise: latent.noise, sample: latent.sample, prior: latent.prior,
        path: pathCoefficients, score: score, flow: flow, own: own))
  }

  private func pair(_ layer: Int, _ kind: String) -> LatentGradient.Pair {
    let shape = latents[layer].sample.shape
    return LatentGradient.Pair(
      mean: Tensor("encoder.\(layer).mean.\(kind)", shape, .temporary),
      logSigma: Tensor("encoder.\(layer).log_sigma.\(kind)", shape, .temporary))
  }

  /// The layer next to the data has one row an image, so its deltas are summed over samples.
  private mutating func appendLowestBackward() throws(ProgramError) {
    let own = pair(0, "own")
    try program.append(latentGradient(0, flow: nil, own: own))
    var deltas: [Tensor] = []
    for tensor in [own.mean, own.logSigma] {
      let sum = Tensor(
        "\(tensor.name).sum",
        .matrix(rows: configuration.batchSize, columns: tensor.shape.columns), .temporary)
      try program.append(.sumSamples(SumSamples(input: tensor, output: sum)))
      deltas.append(sum)
    }
    try backward(latents[0].activations, Backward(deltas: deltas))
  }

  /// An upper layer passes its unit deltas on to the layer below. They serve its own weights too,
  /// scaled row by row, unless the score has a coefficient of its own: then there are two walks.
  private mutating func appendUpperBackward(_ layer: Int) throws(ProgramError) {
    let hasScore = scoreCoefficients != nil && latents[layer].prior != .closedForm
    let flow = rule.path.isZero ? nil : pair(layer, "flow")
    let own = hasScore ? pair(layer, "own") : nil
    if flow != nil || own != nil { try program.append(latentGradient(layer, flow: flow, own: own)) }
    if let flow {
      try backward(
        latents[layer].activations,
        Backward(
          deltas: [flow.mean, flow.logSigma], suffix: ".flow", reachesWeights: !hasScore,
          rowScale: pathCoefficients, inputGradient: latents[layer - 1].gradient,
          accumulates: true))
    }
    if let own {
      try backward(
        latents[layer].activations,
        Backward(deltas: [own.mean, own.logSigma], suffix: ".own"))
    }
  }
}
