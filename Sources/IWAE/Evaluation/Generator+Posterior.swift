import Compute

/// Values drawn from the encoder's distribution of one image.
public struct PosteriorDraws: Sendable {
  /// `(draws, latent)`
  public var latents: [Float] = []
  /// log p(x, h) - log q(h|x) of each draw; empty where nobody asked for it.
  public var logWeights: [Double] = []

  public init(latents: [Float] = [], logWeights: [Double] = []) {
    (self.latents, self.logWeights) = (latents, logWeights)
  }
}

extension Generator {
  /// Draws from the encoder's distribution of each image, where the model has a single stochastic
  /// layer.
  ///
  /// - Parameters:
  ///   - images: Pixels of each; NaN where they are missing.
  ///   - labels: The class of each, where the model is conditional.
  ///   - count: The draws of each image.
  ///   - isWeighed: True if the draws are to have log-weights.
  ///   - seed: The seed of the noise.
  ///   - chunk: Draws of each image at a time.
  public func posteriorDraws(
    of images: [[Float]], labels: [Int]? = nil, count: Int, isWeighed: Bool, seed: UInt64,
    chunk: Int = 1000
  ) throws -> [PosteriorDraws] {
    precondition(model.encoder.count == 1)
    let chunk = min(chunk, count)
    var configuration = StepConfiguration.forward(
      rows: images.count, hasMissing: images.contains { $0.contains(where: \.isNaN) })
    configuration.samples = chunk
    var builder = StepBuilder(model, configuration, name: "draws")
    let (pixels, indices) = try builder.appendBatch()
    try builder.appendEncoder(pixels, indices)
    let sample = builder.latents[0].sample
    let drawn = Tensor("draws", sample.shape, .output)
    try builder.append([.init(sample.value, into: drawn)], reading: [sample])
    var outputs = [drawn]
    if isWeighed {
      try builder.appendDecoder(pixels)
      outputs.append(try builder.appendWeights(role: .output).logWeights)
    }
    builder.program.dropUnread()
    var inputs = [pixels: images.flatMap(\.self), indices: images.indices.map(Float.init)]
    try put(labels, into: builder.labels, &inputs)
    let controls = stride(from: 0, to: count, by: chunk).map { first in
      var control = Control()
      (control.seed, control.step, control.sampleOffset) = (seed, Evaluator.time, UInt32(first))
      return control
    }
    let found = try run(builder.program.build(), inputs, reading: outputs, controls)
    // Chunk by chunk, and image by image in each.
    func values(_ output: Int, of image: Int, each size: Int) -> ArraySlice<Float> {
      controls.indices.reduce(into: [Float]()) { result, part in
        let first = (part * images.count + image) * chunk * size
        result += found[output][first..<first + chunk * size]
      }.prefix(count * size)
    }
    return images.indices.map { image in
      PosteriorDraws(
        latents: Array(values(0, of: image, each: model.encoder[0].latent)),
        logWeights: isWeighed ? values(1, of: image, each: 1).map(Double.init) : [])
    }
  }
}
