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
  public func simulate(count: Int, seed: UInt64, height: Int? = nil) throws -> Simulation {
    var descent = try descent(count, name: "simulate", latentRole: .output)
    let (_, heads) = try descent.builder.forward(
      model.decoderNetworks[model.decoder.count - 1], descent.value, rows: count,
      headRole: .output)
    let (memory, executable) = try compile(descent.builder)
    try upload(descent, to: executable, seed: seed)
    try executable.run(Control())
    let latents = try (0..<model.encoder.count).map { layer in
      try executable.floats(latent(layer, count, layer == top ? .input : .output))
    }
    let values = try heads.map { try executable.floats($0) }
    _ = memory
    let pixels = (0..<count).flatMap { image -> [Float] in
      // Layers have the times from 0.
      let address = NoiseAddress(
        seed: seed, purpose: .generation, time: UInt32(model.encoder.count), image: UInt32(image))
      return (0..<model.dataSize).map { column in
        let index = image * model.dataSize + column
        switch model.likelihood {
        case .bernoulli:
          let chance = 1 / (1 + exponential(-Double(values[0][index])))
          return Double(address.uniform(column: column)) < chance ? 1 : 0
        case .gaussian:
          let sigma = exponential(Double(values[1][index]))
          return Float(Double(values[0][index]) + sigma * Double(address.normal(column: column)))
        }
      }
    }
    return Simulation(
      images: ImageSet(
        name: "simulated", values: .floats(pixels), width: model.dataSize, height: height),
      latents: latents)
  }
}
