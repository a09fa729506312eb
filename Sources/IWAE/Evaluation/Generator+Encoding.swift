import Compute

/// The way from images to the posterior of each stochastic layer, a value drawn from it or its
/// centre, and the pixels expected from the topmost value.
public struct Encoding: Sendable {
  /// For each layer, upwards from the data, and each head, `(images, latents)`.
  public var heads: [[[Float]]] = []
  /// The noise that values were made with.
  public var noise: [[Float]] = []
  /// For each layer, `(images, latents)`.
  public var latents: [[Float]] = []
  /// `(images, pixels)`: downwards from the topmost value, with the same noise.
  public var reconstructions: [Float] = []
}

extension Generator {
  /// Encodes images, and decodes what comes of them.
  ///
  /// - Parameters:
  ///   - images: Pixels of each; where they are missing, as NaN, the encoder sees 0.
  ///   - labels: The class of each, where the model is conditional.
  ///   - seed: The seed of the noise; nil for its centre, so that values are the posteriors' centres.
  ///   - batchSize: Images at a time.
  public func encode(
    _ images: [[Float]], labels: [Int]? = nil, seed: UInt64?, batchSize: Int = 250
  ) throws -> Encoding {
    var result = Encoding()
    result.heads = model.encoder.map { $0.posterior.heads.map { _ in [] } }
    result.latents = model.encoder.map { _ in [] }
    result.noise = result.latents
    for first in stride(from: 0, to: images.count, by: batchSize) {
      let rows = first..<min(first + batchSize, images.count)
      try encode(images[rows], labels: labels.map { Array($0[rows]) }, seed: seed, into: &result)
    }
    return result
  }

  private func encode(
    _ images: ArraySlice<[Float]>, labels: [Int]?, seed: UInt64?, into result: inout Encoding
  ) throws {
    let encoder = try EncoderProgram(
      model, rows: images.count, hasMissing: images.contains { $0.contains(where: \.isNaN) })
    var inputs = [encoder.images: images.flatMap(\.self)]
    try put(labels, into: encoder.labels, &inputs)
    for (position, layer) in encoder.layers.enumerated() {
      let values = noise(
        position, model.encoder[position].posterior.noise, rows: images.indices, seed: seed)
      inputs[layer.noise] = values
      result.noise[position] += values
    }
    let found = try run(
      encoder.program, inputs, reading: encoder.layers.flatMap { $0.heads + [$0.sample] })
    var next = found.makeIterator()
    for (position, layer) in encoder.layers.enumerated() {
      for head in layer.heads.indices { result.heads[position][head] += next.next() ?? [] }
      result.latents[position] += next.next() ?? []
    }
    let decoder = try DecoderProgram(model, rows: images.count)
    var below = [decoder.latent: found[found.count - 1]]
    try put(labels, into: decoder.labels, &below)
    for (position, layer) in decoder.layers.enumerated() {
      below[layer.noise] = noise(
        top - 1 - position, .normal, rows: images.indices, seed: seed)
    }
    result.reconstructions += try run(decoder.program, below, reading: [decoder.mean])[0]
  }
}
