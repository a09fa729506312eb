import Compute

/// What a model makes of latents that are given.
extension Generator {
  /// The expected pixels given each image's lowest latents.
  public func images(ofLatents latents: [[Float]]) throws -> [[Float]] {
    let count = latents.count
    var builder = StepBuilder(model, configuration(count), name: "decode")
    let input = latent(0, count, .input)
    let pixels = try appendPixels(input, count, &builder)
    let (memory, executable) = try compile(builder)
    try executable.upload(latents.flatMap(\.self), to: input)
    _ = memory
    return try rows(executable, pixels)
  }

  /// log p(x, h) of one image at many latents, where the model has a single stochastic layer.
  ///
  /// - Parameters:
  ///   - image: Its pixels, as the likelihood takes them.
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
    var configuration = configuration(1)
    configuration.samples = latents.count
    var builder = StepBuilder(model, configuration, name: "density")
    let (images, _) = try builder.appendBatch()
    let input = latent(0, latents.count, .input)
    let prior = Tensor("prior", .vector(latents.count), .temporary)
    let density = Tensor("density", .vector(latents.count), .output)
    try builder.append(
      [.init(sumOf: builder.prior(at: input), into: prior)],
      reading: [input] + model.priorParameters)
    try builder.appendDecoder(of: [input], images)
    try builder.appendLogWeight(density, latentTerms: [prior])
    let (memory, executable) = try compile(builder)
    try executable.upload(image, to: images)
    try executable.upload(latents.flatMap(\.self), to: input)
    try executable.run(Control())
    _ = memory
    return try executable.floats(density).map(Double.init)
  }
}
