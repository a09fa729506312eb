import Compute

extension StepBuilder {
  /// Walks a network forwards; returns its values and its heads.
  mutating func forward(
    _ network: Network, _ input: Tensor, rows: Int, hiddenRole: Role = .temporary,
    headRole: Role = .temporary
  ) throws(ProgramError) -> (Activations, heads: [Tensor]) {
    var values = [input]
    for (index, layer) in network.hidden.enumerated() {
      let output = Tensor(
        "\(network.name).hidden.\(index)",
        .matrix(rows: rows, columns: layer.weight.shape.rows), hiddenRole)
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
    /// What the network's weights get from this walk.
    var gradients: [RowGradient] = []
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
      for gradient in walk.gradients {
        for (layer, delta) in zip(layers, deltas) {
          try append(gradient, of: layer, delta: delta, input: input)
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

  private mutating func append(
    _ gradient: RowGradient, of layer: Dense, delta: Tensor, input: Tensor
  ) throws(ProgramError) {
    let target = gradient.target
    try program.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: gradient.rowScale,
          accumulates: target.accumulates, decay: target.decay,
          gradient: target.tensor(of: layer.weight))))
    try program.append(
      .biasGradient(
        BiasGradient(
          delta: delta, rowScale: gradient.rowScale, accumulates: target.accumulates,
          decay: target.decay, gradient: target.tensor(of: layer.bias))))
  }

  /// Walks the decoder backwards once, with unit coefficients: the coefficients enter as row scales
  /// of the weights' gradients, and where the deltas reach the latents' own layers.
  ///
  /// - Parameter addsAtTop: Whether the topmost latent has a derivative already.
  mutating func appendDecoderBackward(addsAtTop: Bool = false) throws(ProgramError) {
    for (position, decoded) in decoded.enumerated().reversed() {
      let layer = top - position
      // Below the top, the density of the latent has written its share already.
      try backward(
        decoded.activations,
        Backward(
          deltas: decoded.deltas,
          gradients: coefficients.compactMap { column in
            column.decoder.map { RowGradient(rowScale: $0, target: column.forDecoder) }
          },
          inputGradient: latents[layer].gradient, accumulates: layer < top || addsAtTop))
    }
  }

  /// Walks the encoder backwards from its topmost layer.
  mutating func appendEncoderBackward() throws(ProgramError) {
    for layer in stride(from: top, through: 0, by: -1) {
      if layer == 0 { try appendLowestBackward() } else { try appendUpperBackward(layer) }
    }
  }

  private func latentGradient(
    _ layer: Int, _ column: SampleCoefficients?, flow: LatentGradient.Pair? = nil,
    own: LatentGradient.Pair? = nil
  ) -> Compute.Operation {
    let latent = latents[layer]
    // In closed form the topmost layer has no score; the layers below it are sampled.
    let score = latent.prior == .closedForm ? nil : column?.score
    return .latentGradient(
      LatentGradient(
        decoderGradient: latent.gradient, mean: latent.mean, logSigma: latent.logSigma,
        noise: latent.noise, sample: latent.sample, prior: latent.prior,
        path: column?.path, score: score, flow: flow, own: own))
  }

  private func pair(_ layer: Int, _ kind: String) -> LatentGradient.Pair {
    let shape = latents[layer].sample.shape
    return LatentGradient.Pair(
      mean: Tensor("encoder.\(layer).mean.\(kind)", shape, .temporary),
      logSigma: Tensor("encoder.\(layer).log_sigma.\(kind)", shape, .temporary))
  }

  /// The layer next to the data has one row an image, so its deltas are summed over samples.
  mutating func appendLowestBackward() throws(ProgramError) {
    for column in coefficients where column.path != nil {
      let own = pair(0, column.suffix + "own")
      try program.append(latentGradient(0, column, own: own))
      var deltas: [Tensor] = []
      for tensor in [own.mean, own.logSigma] {
        let sum = Tensor(
          "\(tensor.name).sum",
          .matrix(rows: configuration.batchSize, columns: tensor.shape.columns), .temporary)
        try program.append(.sumSamples(SumSamples(input: tensor, output: sum)))
        deltas.append(sum)
      }
      try backward(
        latents[0].activations,
        Backward(
          deltas: deltas, suffix: ".\(column.suffix)own",
          gradients: [RowGradient(target: column.forEncoder)]))
    }
  }

  /// The lowest layer's deltas, summed over a chunk's samples into running sums.
  mutating func appendLowestSums(
    into sums: [GradientTarget.Place: LatentGradient.Pair]
  ) throws(ProgramError) {
    for column in coefficients where column.path != nil {
      guard let target = sums[column.forEncoder.place] else { continue }
      let own = pair(0, column.suffix + "own")
      try program.append(latentGradient(0, column, own: own))
      for (tensor, sum) in [(own.mean, target.mean), (own.logSigma, target.logSigma)] {
        try program.append(
          .sumSamples(
            SumSamples(
              input: tensor, accumulates: true, decay: column.forEncoder.decay, output: sum)))
      }
    }
  }

  /// An upper layer passes its unit deltas on to the layer below. They serve its own weights too,
  /// scaled row by row, unless the score has a coefficient of its own: then there are more walks.
  mutating func appendUpperBackward(_ layer: Int) throws(ProgramError) {
    let columns = coefficients.filter { $0.path != nil }
    let hasScore = latents[layer].prior != .closedForm && columns.contains { $0.score != nil }
    if !rule.path.isZero {
      let flow = pair(layer, "flow")
      try program.append(latentGradient(layer, nil, flow: flow))
      try backward(
        latents[layer].activations,
        Backward(
          deltas: [flow.mean, flow.logSigma], suffix: ".flow",
          gradients: hasScore
            ? [] : columns.map { RowGradient(rowScale: $0.path, target: $0.forEncoder) },
          inputGradient: latents[layer - 1].gradient, accumulates: true))
    }
    guard hasScore else { return }
    for column in columns {
      let own = pair(layer, column.suffix + "own")
      try program.append(latentGradient(layer, column, own: own))
      try backward(
        latents[layer].activations,
        Backward(
          deltas: [own.mean, own.logSigma], suffix: ".\(column.suffix)own",
          gradients: [RowGradient(target: column.forEncoder)]))
    }
  }
}
