import Compute

/// Images drawn from a model, pixels included, and the latents that they came from: an exact sample of
/// each image's posterior.
public struct Simulation: Sendable {
  public var images: ImageSet
  /// For each layer, upwards from the data, `(images, latents)`.
  public var latents: [[Float]]
}

extension Generator {
  /// Draws latents from the prior, and images given them.
  ///
  /// - Parameters:
  ///   - count: The number of images.
  ///   - seed: The seed of what is drawn; the latents are those of `samples`.
  ///   - height: The rows of pixels of an image, where it has rows.
  ///   - labels: The class of each image, where the model is conditional.
  public func simulate(
    count: Int, seed: UInt64, height: Int? = nil, labels: [Int]? = nil
  ) throws -> Simulation {
    let decoder = try DecoderProgram(model, rows: count)
    var draws = try draws(for: decoder, count: count, seed: seed)
    try put(labels, into: decoder.labels, &draws)
    let samples = decoder.layers.reversed().map(\.sample)
    let found = try run(decoder.program, draws, reading: samples + decoder.heads)
    let latents = found.prefix(samples.count) + [draws[decoder.latent] ?? []]
    let values = Array(found.dropFirst(samples.count))
    var pixels: [Float] = []
    for image in 0..<count {
      // Layers have the times from 0.
      let address = NoiseAddress(
        seed: seed, purpose: .generation, time: UInt32(model.encoder.count), image: UInt32(image))
      for column in 0..<model.dataSize {
        let index = image * model.dataSize + column
        pixels.append(
          try model.draw(
            column, heads: model.likelihood.headValues(values, of: index), parameters: parameters,
            address))
      }
    }
    return Simulation(
      images: ImageSet(
        name: "simulated", values: .floats(pixels), width: model.dataSize, height: height,
        labels: model.condition == nil ? nil : labels),
      latents: Array(latents))
  }
}
