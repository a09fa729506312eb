import Compute

/// A model's way from data upwards: every posterior, and a sample of it, as a function of noise.
///
/// The tensors have the names by which other programs know them: `images`, the `labels` of a
/// conditional model, each a row with a single 1, `noise.{l}`, a posterior's
/// heads as `{head}.{l}`, and `latent.{l}`, layers counted from the data. A head whose name another
/// tensor has is called `head.{head}.{l}`.
public struct EncoderProgram: Sendable {
  /// A stochastic layer, `(rows, latent)` each.
  public struct Layer: Sendable {
    public let noise: Tensor
    public let heads: [Tensor]
    public let sample: Tensor
  }

  public let program: Program
  /// `(rows, D)`.
  public let images: Tensor
  /// `(rows, C)`, where the model is conditional.
  public let labels: Tensor?
  /// Upwards from the data.
  public let layers: [Layer]

  /// - Parameters:
  ///   - model: The model.
  ///   - rows: The number of images.
  ///   - hasMissing: True if images may hold NaN, for which the program takes 0.
  public init(_ model: Model, rows: Int, hasMissing: Bool = false) throws(ProgramError) {
    var builder = StepBuilder(
      model, .forward(rows: rows, hasMissing: hasMissing), name: "encoder")
    images = Tensor("images", .matrix(rows: rows, columns: model.dataSize), .input)
    labels = model.labels(rows: rows, .input)
    builder.labels = labels
    var value = try builder.appendSeen(images)
    var layers: [Layer] = []
    for (layer, network) in model.encoderNetworks.enumerated() {
      if layer == 0 { value = try builder.conditioned(value, for: network) }
      let stochastic = try builder.appendStochastic(
        network, value, layer, model.encoder[layer].posterior)
      layers.append(stochastic)
      value = stochastic.sample
    }
    self.layers = layers
    builder.program.dropUnread()
    program = builder.program.build()
  }
}

/// A model's way from the latents of a layer down to the data, latents in between being sampled.
///
/// Beside those of the layers, as in an encoder, the tensors are the likelihood's heads under their
/// names, its learned parameters, in each row the same, and its mean, `probabilities` where data are
/// 0s and 1s of a Bernoulli likelihood and else `expectation`.
public struct DecoderProgram: Sendable {
  public let program: Program
  /// `(rows, latent)` of the layer where it begins.
  public let latent: Tensor
  /// `(rows, C)`, where the model is conditional.
  public let labels: Tensor?
  /// The layers below, downwards.
  public let layers: [EncoderProgram.Layer]
  /// The likelihood's heads, `(rows, D)` each.
  public let heads: [Tensor]
  /// `(rows, D)`: the expected data; one of the heads where that is the mean.
  public let mean: Tensor

  /// - Parameters:
  ///   - model: The model.
  ///   - rows: The number of latents.
  ///   - top: The layer where it begins; nil for the topmost.
  public init(_ model: Model, rows: Int, from top: Int? = nil) throws(ProgramError) {
    let top = top ?? model.encoder.count - 1
    var builder = StepBuilder(model, .forward(rows: rows), name: "decoder")
    latent = Tensor(
      "latent.\(top)", .matrix(rows: rows, columns: model.encoder[top].latent), .input)
    labels = model.labels(rows: rows, .input)
    builder.labels = labels
    var value = latent
    var layers: [EncoderProgram.Layer] = []
    let networks = model.decoderNetworks.suffix(top + 1)
    for (layer, network) in zip((0..<top).reversed(), networks) {
      // A latent given the one above is Gaussian.
      let stochastic = try builder.appendStochastic(network, value, layer, .gaussian)
      layers.append(stochastic)
      value = stochastic.sample
    }
    self.layers = layers
    let network = model.decoderNetworks[model.decoder.count - 1]
    (heads, mean) = try builder.appendData(
      network, try builder.conditioned(value, for: network))
    program = builder.program.build()
  }
}

extension StepConfiguration {
  /// That of a program without a bound.
  static func forward(rows: Int, hasMissing: Bool = false) -> StepConfiguration {
    StepConfiguration(
      batchSize: rows, samples: 1, objective: .vae, source: .uploaded(hasMissing: hasMissing),
      optimizer: nil)
  }
}

extension StepBuilder {
  /// A network, and a sample of the posterior that its heads describe.
  fileprivate mutating func appendStochastic(
    _ network: Network, _ input: Tensor, _ layer: Int, _ posterior: Posterior
  ) throws(ProgramError) -> EncoderProgram.Layer {
    let shape = Shape.matrix(rows: input.shape.rows, columns: model.encoder[layer].latent)
    let noise = Tensor("noise.\(layer)", shape, .input)
    let sample = Tensor("latent.\(layer)", shape, .output)
    let names = posterior.heads.map { name($0, ".\(layer)", unlessIn: [noise, sample]) }
    let heads = try network.append(input, headRole: .output, named: names, to: &program)
    let units =
      posterior.move == nil ? sample : Tensor("units.\(layer)", shape, .temporary)
    _ = try posterior.appendSample(
      DrawnUnits(model: model, layer: layer, heads: heads, noise: noise, values: units),
      into: sample, to: &program)
    return .init(noise: noise, heads: heads, sample: sample)
  }

  /// The last network, and what the likelihood says of its heads.
  fileprivate mutating func appendData(
    _ network: Network, _ input: Tensor
  ) throws(ProgramError) -> (heads: [Tensor], mean: Tensor) {
    let likelihood = model.likelihood
    let shape = Shape.matrix(rows: input.shape.rows, columns: model.dataSize)
    let mean = Tensor(likelihood.meanName, shape, .output)
    let position = likelihood.heads.firstIndex { likelihood.mean == .variable($0) }
    let names = likelihood.heads.map {
      name($0, "", unlessIn: position == nil ? [mean] : [])
    }
    let heads = try network.append(input, headRole: .output, named: names, to: &program)
    dataHeads = heads
    if likelihood.mean == nil { try appendClasses(.mean, into: mean) }
    var results = zip(likelihood.parameters, model.likelihoodParameters).map {
      Map.Result($1.value, into: Tensor($0.name, shape, .output))
    }
    if position == nil, likelihood.mean != nil {
      results.append(.init(try expectation().formula, into: mean))
    }
    if !results.isEmpty { try append(results, reading: heads + model.likelihoodParameters) }
    return (heads, position.map { heads[$0] } ?? mean)
  }

  private func name(_ head: String, _ suffix: String, unlessIn taken: [Tensor]) -> String {
    let name = head + suffix
    return taken.contains { $0.name == name } ? "head.\(name)" : name
  }
}
