import Compute

/// The two programs of an evaluation: one encodes a batch once, the other draws a chunk of samples
/// for each of its images and adds their weights to running sums.
struct EvaluationPrograms {
  let encode: Program
  let weigh: Program
  /// `(B)` each, running sums of all chunks.
  let maximum: Tensor
  let sum: Tensor
  let squares: Tensor
  /// What the programs keep for each other.
  let states: [Tensor]
  /// `(B, latent)`: the centre of the lowest layer's posterior.
  let lowestMean: Tensor
  /// `(B, latent)`: the sums over samples of the centres of the layers above it.
  let upperMeans: [Tensor]
  /// `(B)`: the sums over samples of log p(x|h), and of log w.
  let likelihoods: Tensor
  let logWeights: Tensor
  /// `(B * chunk)`: log w of each sample, where they are kept.
  let sampleLogWeights: Tensor

  /// - Parameters:
  ///   - model: The model.
  ///   - source: Where the images come from.
  ///   - batchSize: Images at a time.
  ///   - chunk: Samples of each image at a time.
  ///   - keepsLogWeights: Whether each sample's log-weight can be read.
  init(
    _ model: Model, source: BatchSource, batchSize: Int, chunk: Int, keepsLogWeights: Bool
  ) throws(ProgramError) {
    let configuration = StepConfiguration(
      batchSize: batchSize, samples: chunk, objective: .vae, source: source, optimizer: nil)
    let networks = model.encoderNetworks

    var encoder = StepBuilder(model, configuration, name: "encode")
    let (images, indices) = try encoder.appendBatch(as: .state)
    let heads = try encoder.forward(networks[0], images, headRole: .state)
    let lowest = try encoder.appendCenter(0, heads, role: .state)
    encode = encoder.program.build()

    var weigher = StepBuilder(model, configuration, name: "weigh")
    var value = try weigher.appendLatent(0, heads: heads, network: 0..<0, indices)
    var means: [Tensor] = []
    for (layer, network) in networks.enumerated().dropFirst() {
      let heads = try weigher.forward(network, value)
      let sum = Tensor(
        "evaluation.mean.\(layer)",
        .matrix(rows: batchSize, columns: model.encoder[layer].latent), .state)
      let center = try weigher.appendCenter(layer, heads, role: .temporary)
      try weigher.program.append(
        .sum(Sum(input: center, accumulates: true, output: sum)))
      means.append(sum)
      value = try weigher.appendLatent(layer, heads: heads, network: 0..<0, indices)
    }
    try weigher.appendDecoder(images)
    let weights = try weigher.appendWeights(role: keepsLogWeights ? .output : .temporary).logWeights
    let sums = ["maximum", "sum", "squares", "likelihoods", "log_weights"].map {
      Tensor("evaluation.\($0)", .vector(batchSize), .state)
    }
    try weigher.program.append(
      .accumulateWeights(
        AccumulateWeights(
          logWeights: weights, maximum: sums[0], sum: sums[1], squares: sums[2])))
    for (input, sum) in [(weigher.decoded.last ?? weights, sums[3]), (weights, sums[4])] {
      try weigher.program.append(.sum(Sum(input: input, accumulates: true, output: sum)))
    }
    weigh = weigher.program.build()

    (maximum, sum, squares) = (sums[0], sums[1], sums[2])
    states = [images, indices] + heads + sums + means + (heads.contains(lowest) ? [] : [lowest])
    lowestMean = lowest
    upperMeans = means
    (likelihoods, logWeights) = (sums[3], sums[4])
    sampleLogWeights = weights
  }
}

extension StepBuilder {
  /// The centre of a layer's posterior: one of the heads, or what is worked out from them.
  mutating func appendCenter(
    _ layer: Int, _ heads: [Tensor], role: Role
  ) throws(ProgramError) -> Tensor {
    let posterior = model.encoder[layer].posterior
    var values: [String: Formula] = [:]
    for (name, head) in zip(posterior.heads, heads) { values[name] = head.value }
    let center = posterior.center.substituting(values)
    if let head = heads.first(where: { $0.value == center }) { return head }
    let output = Tensor("encoder.\(layer).center", heads[0].shape, role)
    try append([.init(center, into: output)], reading: heads)
    return output
  }
}
