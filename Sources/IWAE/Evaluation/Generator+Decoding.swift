import Compute

/// The way from latents that are given to the data.
extension Generator {
  /// The expected pixels given each image's lowest latents.
  public func images(ofLatents latents: [[Float]]) throws -> [[Float]] {
    rows(try decode(latents.flatMap(\.self), rows: latents.count) { [$0.mean] }[0])
  }

  /// Runs the last decoder on the lowest latents, `(rows, latent)`.
  func decode(
    _ latents: [Float], rows: Int, reading outputs: (DecoderProgram) -> [Tensor]
  ) throws -> [[Float]] {
    let decoder = try DecoderProgram(model, rows: rows, from: 0)
    return try run(decoder.program, [decoder.latent: latents], reading: outputs(decoder))
  }

  /// log p(x, h) of one image at many latents, where the model has a single stochastic layer.
  ///
  /// - Parameters:
  ///   - image: Its pixels, as the likelihood takes them; NaN where they are missing.
  ///   - latents: The values of h.
  ///   - batchSize: Latents at a time.
  public func logDensities(
    of image: [Float], at latents: [[Float]], batchSize: Int = 4096
  ) throws -> [Double] {
    precondition(model.encoder.count == 1)
    var result: [Double] = []
    for first in stride(from: 0, to: latents.count, by: batchSize) {
      let part = latents[first..<min(first + batchSize, latents.count)]
      result += try logDensities(image, Array(part))
    }
    return result
  }

  private func logDensities(_ image: [Float], _ latents: [[Float]]) throws -> [Double] {
    var configuration = StepConfiguration.forward(
      rows: 1, hasMissing: image.contains(where: \.isNaN))
    configuration.samples = latents.count
    var builder = StepBuilder(model, configuration, name: "density")
    let (images, _) = try builder.appendBatch()
    let input = Tensor(
      "latent", .matrix(rows: latents.count, columns: model.encoder[0].latent), .input)
    let prior = Tensor("prior", .vector(latents.count), .temporary)
    let density = Tensor("density", .vector(latents.count), .output)
    try builder.append(
      [.init(sumOf: builder.prior(at: input), into: prior)],
      reading: [input] + model.priorParameters)
    try builder.appendDecoder(of: [input], images)
    try builder.appendLogWeight(density, latentTerms: [prior])
    let values = try run(
      builder.program.build(), [images: image, input: latents.flatMap(\.self)],
      reading: [density])
    return values[0].map(Double.init)
  }
}
