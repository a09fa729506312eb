import Compute

/// The way from latents that are given to the data.
extension Generator {
  /// The expected pixels given each image's lowest latents, and its class where the model is
  /// conditional.
  public func images(ofLatents latents: [[Float]], labels: [Int]? = nil) throws -> [[Float]] {
    rows(
      try decode(latents.flatMap(\.self), rows: latents.count, labels: labels) { [$0.mean] }[0])
  }

  /// The expected pixels given topmost latents, those of the layers below being at their centres.
  public func images(ofTopmost latents: [[Float]], labels: [Int]? = nil) throws -> [[Float]] {
    let decoder = try DecoderProgram(model, rows: latents.count)
    var inputs = [decoder.latent: latents.flatMap(\.self)]
    try put(labels, into: decoder.labels, &inputs)
    for (below, layer) in decoder.layers.enumerated() {
      inputs[layer.noise] = noise(top - 1 - below, .normal, rows: latents.indices, seed: nil)
    }
    return rows(try run(decoder.program, inputs, reading: [decoder.mean])[0])
  }

  /// Runs the last decoder on the lowest latents, `(rows, latent)`.
  func decode(
    _ latents: [Float], rows: Int, labels: [Int]?, reading outputs: (DecoderProgram) -> [Tensor]
  ) throws -> [[Float]] {
    let decoder = try DecoderProgram(model, rows: rows, from: 0)
    var inputs = [decoder.latent: latents]
    try put(labels, into: decoder.labels, &inputs)
    return try run(decoder.program, inputs, reading: outputs(decoder))
  }

  /// log p(x, h) of one image at many latents, where the model has a single stochastic layer.
  ///
  /// - Parameters:
  ///   - image: Its pixels, as the likelihood takes them; NaN where they are missing.
  ///   - label: Its class, where the model is conditional.
  ///   - latents: The values of h.
  ///   - batchSize: Latents at a time.
  public func logDensities(
    of image: [Float], label: Int? = nil, at latents: [[Float]], batchSize: Int = 4096
  ) throws -> [Double] {
    precondition(model.encoder.count == 1)
    var result: [Double] = []
    for first in stride(from: 0, to: latents.count, by: batchSize) {
      let part = latents[first..<min(first + batchSize, latents.count)]
      result += try logDensities(image, label, Array(part))
    }
    return result
  }

  private func logDensities(
    _ image: [Float], _ label: Int?, _ latents: [[Float]]
  ) throws -> [Double] {
    var configuration = StepConfiguration.forward(
      rows: 1, hasMissing: image.contains(where: \.isNaN))
    configuration.samples = latents.count
    var builder = StepBuilder(model, configuration, name: "density")
    let (images, _) = try builder.appendBatch()
    let input = Tensor(
      "latent", .matrix(rows: latents.count, columns: model.encoder[0].latent), .input)
    let density = Tensor("density", .vector(latents.count), .output)
    let prior = try builder.appendPrior(at: input, named: "unit prior")
    try builder.appendDecoder(of: [input], images)
    try builder.appendLogWeight(density, latentTerms: prior)
    var inputs = [images: image, input: latents.flatMap(\.self)]
    try put(label.map { [$0] }, into: builder.labels, &inputs)
    let values = try run(builder.program.build(), inputs, reading: [density])
    return values[0].map(Double.init)
  }
}
