import Compute

/// What a model makes of images: the posterior of each stochastic layer, a value drawn from it or its
/// mean, and the pixels expected from the topmost value.
public struct Encoding: Sendable {
  /// For each layer, upwards from the data, `(images, latents)`.
  public var means: [[Float]] = []
  public var logSigmas: [[Float]] = []
  /// The noise: a value is its mean and sigma times that.
  public var noise: [[Float]] = []
  public var latents: [[Float]] = []
  /// `(images, pixels)`: downwards from the topmost value, with the same noise.
  public var reconstructions: [Float] = []
}

extension Generator {
  /// Encodes images, and decodes what comes of them.
  ///
  /// - Parameters:
  ///   - images: Pixels of each.
  ///   - seed: The seed of the noise; nil for none, so that values are means.
  ///   - batchSize: Images at a time.
  public func encode(
    _ images: [[Float]], seed: UInt64?, batchSize: Int = 250
  ) throws -> Encoding {
    var result = Encoding()
    let layers = model.encoder.count
    result.means = Array(repeating: [], count: layers)
    (result.logSigmas, result.noise, result.latents) = (result.means, result.means, result.means)
    for first in stride(from: 0, to: images.count, by: batchSize) {
      let batch = Array(images[first..<min(first + batchSize, images.count)])
      let noise = (0..<layers).map { layer in
        batch.indices.flatMap { row -> [Float] in
          let width = model.encoder[layer].latent
          guard let seed else { return Array(repeating: 0, count: width) }
          let address = NoiseAddress(
            seed: seed, purpose: .generation, time: UInt32(layer), image: UInt32(first + row))
          return (0..<width).map { address.normal(column: $0) }
        }
      }
      try encode(batch, noise: noise, into: &result)
    }
    return result
  }

  /// The program of one batch, and what it reads and writes.
  private struct EncodingProgram {
    var builder: StepBuilder
    var images: Tensor
    var noise: [Tensor]
    /// For each layer, its mean and log-sigma, and its value.
    var layers: [(heads: [Tensor], value: Tensor)] = []
    var pixels: Tensor
  }

  private func encodingProgram(rows: Int) throws(ProgramError) -> EncodingProgram {
    var builder = StepBuilder(model, configuration(rows), name: "encode")
    let (images, indices) = try builder.appendBatch()
    let noise = model.encoder.enumerated().map { layer, size in
      Tensor("noise.\(layer)", .matrix(rows: rows, columns: size.latent), .input)
    }
    func sample(
      _ heads: [Tensor], _ layer: Int, _ name: String, _ role: Role
    ) throws(ProgramError) -> Tensor {
      let value = Tensor(name, noise[layer].shape, role)
      try builder.program.append(
        .reparameterize(
          Reparameterize(
            mean: heads[0], logSigma: heads[1], indices: indices, source: .given,
            noise: noise[layer], sample: value)))
      return value
    }
    var value = images
    var layers: [(heads: [Tensor], value: Tensor)] = []
    for (layer, network) in model.encoderNetworks.enumerated() {
      let (_, heads) = try builder.forward(network, value, rows: rows, headRole: .output)
      value = try sample(heads, layer, "latent.\(layer)", .output)
      layers.append((heads, value))
    }
    for (position, network) in model.decoderNetworks.enumerated().dropLast() {
      let (_, heads) = try builder.forward(network, value, rows: rows)
      let layer = model.encoder.count - 2 - position
      value = try sample(heads, layer, "decoded.\(layer)", .temporary)
    }
    let pixels = try appendPixels(value, rows, &builder)
    return EncodingProgram(
      builder: builder, images: images, noise: noise, layers: layers, pixels: pixels)
  }

  private func encode(
    _ images: [[Float]], noise: [[Float]], into result: inout Encoding
  ) throws {
    let program = try encodingProgram(rows: images.count)
    let (memory, executable) = try compile(program.builder)
    try executable.upload(images.flatMap(\.self), to: program.images)
    for (tensor, values) in zip(program.noise, noise) { try executable.upload(values, to: tensor) }
    try executable.run(Control())
    for (layer, tensors) in program.layers.enumerated() {
      result.means[layer] += try executable.floats(tensors.heads[0])
      result.logSigmas[layer] += try executable.floats(tensors.heads[1])
      result.latents[layer] += try executable.floats(tensors.value)
      result.noise[layer] += noise[layer]
    }
    result.reconstructions += try executable.floats(program.pixels)
    _ = memory
  }
}
