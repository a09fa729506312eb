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
  /// `(B, latent)`: the mean of the lowest layer.
  let lowestMean: Tensor
  /// `(B, latent)`: the sums over samples of the means of the layers above it.
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
    let (_, heads) = try encoder.forward(
      networks[0], images, rows: batchSize, headRole: .state)
    encode = encoder.program.build()

    var weigher = StepBuilder(model, configuration, name: "weigh")
    var value = try weigher.appendLatent(
      0, .init(network: networks[0], values: [images]), heads: heads, indices)
    var means: [Tensor] = []
    for (layer, network) in networks.enumerated().dropFirst() {
      let (activations, heads) = try weigher.forward(
        network, value, rows: weigher.sampleRows)
      let sum = Tensor(
        "evaluation.mean.\(layer)",
        .matrix(rows: batchSize, columns: model.encoder[layer].latent), .state)
      try weigher.program.append(
        .sumSamples(SumSamples(input: heads[0], accumulates: true, output: sum)))
      means.append(sum)
      value = try weigher.appendLatent(layer, activations, heads: heads, indices)
    }
    try weigher.appendDecoder(images, hasDeltas: false)
    let weights = Tensor(
      "log_weights", .vector(weigher.sampleRows), keepsLogWeights ? .output : .temporary)
    try weigher.appendLogWeight(weights, latentTerms: weigher.latents.map(\.term))
    let sums = ["maximum", "sum", "squares", "likelihoods", "log_weights"].map {
      Tensor("evaluation.\($0)", .vector(batchSize), .state)
    }
    try weigher.program.append(
      .accumulateWeights(
        AccumulateWeights(
          logWeights: weights, maximum: sums[0], sum: sums[1], squares: sums[2])))
    for (input, sum) in [(weigher.decoded.last?.term ?? weights, sums[3]), (weights, sums[4])] {
      try weigher.program.append(.sum(Sum(input: input, accumulates: true, output: sum)))
    }
    weigh = weigher.program.build()

    (maximum, sum, squares) = (sums[0], sums[1], sums[2])
    states = [images, indices] + heads + sums + means
    lowestMean = heads[0]
    upperMeans = means
    (likelihoods, logWeights) = (sums[3], sums[4])
    sampleLogWeights = weights
  }
}
