import Compute

/// What a model makes of images: the posterior of each stochastic layer, a value drawn from it or its
/// mean, and the pixels expected from the topmost value.
public struct Encoding: Sendable {
  /// For each layer, upwards from the data, the centre of its posterior, `(images, latents)`.
  public var centers: [[Float]] = []
  /// For each layer and head, `(images, latents)`.
  public var heads: [[[Float]]] = []
  /// The noise that values were made with.
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
  ///   - seed: The seed of the noise; nil for its centre, so that values are the posteriors' centres.
  ///   - batchSize: Images at a time.
  public func encode(
    _ images: [[Float]], seed: UInt64?, batchSize: Int = 250
  ) throws -> Encoding {
    var result = Encoding()
    let layers = model.encoder.count
    result.centers = Array(repeating: [], count: layers)
    (result.noise, result.latents) = (result.centers, result.centers)
    result.heads = model.encoder.map { $0.posterior.heads.map { _ in [] } }
    for first in stride(from: 0, to: images.count, by: batchSize) {
      let batch = Array(images[first..<min(first + batchSize, images.count)])
      func numbers(_ layer: Int, _ distribution: Noise.Distribution) -> [Float] {
        batch.indices.flatMap { row -> [Float] in
          let width = model.encoder[layer].latent
          let isNormal = distribution == .normal
          guard let seed else { return Array(repeating: isNormal ? 0 : 0.5, count: width) }
          let address = NoiseAddress(
            seed: seed, purpose: .generation, time: UInt32(layer), image: UInt32(first + row))
          return (0..<width).map {
            isNormal ? address.normal(column: $0) : address.openUniform(column: $0)
          }
        }
      }
      let noise = (0..<layers).map { numbers($0, model.encoder[$0].posterior.noise) }
      let normals = (0..<layers - 1).map { numbers($0, .normal) }
      try encode(batch, noise: noise, normals: normals, into: &result)
    }
    return result
  }

  /// The program of one batch, and what it reads and writes.
  private struct EncodingProgram {
    var builder: StepBuilder
    var images: Tensor
    var noise: [Tensor]
    var normals: [Tensor]
    /// For each layer, its heads, their centre, and its value.
    var layers: [(heads: [Tensor], center: Tensor, value: Tensor)] = []
    var pixels: Tensor
  }

  private func encodingProgram(rows: Int) throws(ProgramError) -> EncodingProgram {
    var builder = StepBuilder(model, configuration(rows), name: "encode")
    let (images, _) = try builder.appendBatch()
    let noise = model.encoder.enumerated().map { layer, size in
      Tensor("noise.\(layer)", .matrix(rows: rows, columns: size.latent), .input)
    }
    // What lies below a latent is Gaussian, whatever the posterior is.
    let normals = model.encoder.enumerated().map { layer, size in
      Tensor("normal.\(layer)", .matrix(rows: rows, columns: size.latent), .input)
    }
    var value = images
    var layers: [(heads: [Tensor], center: Tensor, value: Tensor)] = []
    for (layer, network) in model.encoderNetworks.enumerated() {
      let (_, heads) = try builder.forward(network, value, rows: rows, headRole: .output)
      let center = try builder.appendCenter(layer, heads, role: .output)
      let posterior = model.encoder[layer].posterior
      value = latent(layer, rows, .output)
      var values: [String: Formula] = ["e": noise[layer].value]
      for (name, head) in zip(posterior.heads, heads) { values[name] = head.value }
      try builder.append(
        [.init(posterior.sample.substituting(values), into: value)],
        reading: heads + [noise[layer]])
      layers.append((heads, center, value))
    }
    for (position, network) in model.decoderNetworks.enumerated().dropLast() {
      let (_, heads) = try builder.forward(network, value, rows: rows)
      let layer = model.encoder.count - 2 - position
      value = Tensor("decoded.\(layer)", noise[layer].shape, .temporary)
      try builder.append(
        [
          .init(
            builder.conditional(Posterior.gaussian.sample, heads, e: normals[layer]), into: value)
        ], reading: heads + [normals[layer]])
    }
    let pixels = try appendPixels(value, rows, &builder)
    return EncodingProgram(
      builder: builder, images: images, noise: noise, normals: normals, layers: layers,
      pixels: pixels)
  }

  private func encode(
    _ images: [[Float]], noise: [[Float]], normals: [[Float]], into result: inout Encoding
  ) throws {
    let program = try encodingProgram(rows: images.count)
    let (memory, executable) = try compile(program.builder)
    try executable.upload(images.flatMap(\.self), to: program.images)
    for (tensor, values) in zip(program.noise, noise) { try executable.upload(values, to: tensor) }
    for (tensor, values) in zip(program.normals, normals) {
      try executable.upload(values, to: tensor)
    }
    try executable.run(Control())
    for (layer, tensors) in program.layers.enumerated() {
      for (head, tensor) in tensors.heads.enumerated() {
        result.heads[layer][head] += try executable.floats(tensor)
      }
      result.centers[layer] += try executable.floats(tensors.center)
      result.latents[layer] += try executable.floats(tensors.value)
      result.noise[layer] += noise[layer]
    }
    result.reconstructions += try executable.floats(program.pixels)
    _ = memory
  }
}
