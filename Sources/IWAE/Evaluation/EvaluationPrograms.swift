import Compute

/// The programs of an evaluation: one encodes a batch once, the others draw a chunk of samples for
/// each of its images and add their weights to running sums.
struct EvaluationPrograms {
  let encode: Program
  /// By the number of samples; `(B * samples)`: log w of each.
  let weigh: [Int: (program: Program, logWeights: Tensor)]
  /// `(B)` each, running sums of all chunks.
  let maximum: Tensor
  let sum: Tensor
  let squares: Tensor
  /// `(B, latent)`: the centre of the lowest layer's posterior.
  let lowestMean: Tensor
  /// `(B, latent)`: the sums over samples of the centres of the layers above it.
  let upperMeans: [Tensor]
  /// `(B)`: the sums over samples of log p(x|h), and of log w.
  let likelihoods: Tensor
  let logWeights: Tensor

  /// The tensors that the programs keep for each other.
  var states: [Tensor] { all.tensors([.state]) }

  var all: [Program] { [encode] + weigh.values.map(\.program) }

  /// - Parameters:
  ///   - model: The model.
  ///   - source: The tensors that hold the images.
  ///   - batchSize: Images at a time.
  ///   - chunks: Samples of each image at a time.
  init(
    _ model: Model, source: BatchSource, batchSize: Int, chunks: Set<Int>
  ) throws(ProgramError) {
    var encoder = try BatchEncoder(model, source: source, batchSize: batchSize)
    lowestMean = try encoder.builder.appendCenter(0, encoder.heads, role: .state)
    encode = encoder.builder.program.build()

    func state(_ name: String, _ shape: Shape) -> Tensor {
      Tensor("evaluation.\(name)", shape, .state)
    }
    let perImage = Shape.vector(batchSize)
    (maximum, sum) = (state("maximum", perImage), state("sum", perImage))
    squares = state("squares", perImage)
    likelihoods = state("likelihoods", perImage)
    logWeights = state("log_weights", perImage)
    upperMeans = model.encoder.enumerated().dropFirst().map { layer, encoder in
      state("mean.\(layer)", .matrix(rows: batchSize, columns: encoder.latent))
    }
    var weigh: [Int: (program: Program, logWeights: Tensor)] = [:]
    for chunk in chunks {
      var weigher = encoder.sampling(chunk, name: "weigh")
      try weigher.appendLatents(heads: encoder.heads, encoder.indices)
      for (layer, mean) in zip(1..., upperMeans) {
        let center = try weigher.appendCenter(layer, weigher.latents[layer].heads, role: .temporary)
        try weigher.program.append(
          .sum(Sum(input: center, accumulates: true, output: mean)))
      }
      try weigher.appendDecoder(encoder.images)
      let weights = try weigher.appendWeights(role: .output).logWeights
      try weigher.program.append(
        .accumulateWeights(
          AccumulateWeights(logWeights: weights, maximum: maximum, sum: sum, squares: squares)))
      for (input, sum) in [(weigher.decoded.last ?? weights, likelihoods), (weights, logWeights)] {
        try weigher.program.append(.sum(Sum(input: input, accumulates: true, output: sum)))
      }
      weigh[chunk] = (weigher.program.build(), weights)
    }
    self.weigh = weigh
  }
}

extension StepBuilder {
  /// The centre of a layer's posterior: one of the heads, or what is worked out from them.
  mutating func appendCenter(
    _ layer: Int, _ heads: [Tensor], role: Role
  ) throws(ProgramError) -> Tensor {
    let posterior = model.encoder[layer].posterior
    let center = posterior.center.over(posterior.unitHeads, heads)
    if posterior.move == nil, let head = heads.first(where: { $0.value == center }) { return head }
    let output = Tensor("encoder.\(layer).center", heads[0].shape, role)
    let units =
      posterior.move == nil
      ? output : Tensor("\(output.name).units", heads[0].shape, .temporary)
    _ = try posterior.appendSample(
      DrawnUnits(model: model, layer: layer, heads: heads, values: units), into: output,
      to: &program)
    return output
  }
}
