import Compute

/// Draws images from a model, and images that a model makes of others.
public struct Generator {
  let model: Model
  let parameters: [Tensor: [Float]]
  private let device: any Device

  public init(_ model: Model, parameters: [Tensor: [Float]], device: any Device) {
    self.model = model
    self.parameters = parameters
    self.device = device
  }

  /// The expected pixels of images drawn from the model, `(count, D)`: latents are sampled from the
  /// top downwards, pixels are not.
  ///
  /// - Parameters:
  ///   - count: The number of images.
  ///   - seed: The seed of what is drawn.
  ///   - labels: The class of each image, where the model is conditional.
  public func samples(count: Int, seed: UInt64, labels: [Int]? = nil) throws -> [[Float]] {
    let decoder = try DecoderProgram(model, rows: count)
    var inputs = try draws(for: decoder, count: count, seed: seed)
    try put(labels, into: decoder.labels, &inputs)
    return rows(try run(decoder.program, inputs, reading: [decoder.mean])[0])
  }

  /// Adds the labels to a program's inputs, where it has any.
  func put(
    _ labels: [Int]?, into tensor: Tensor?, _ inputs: inout [Tensor: [Float]]
  ) throws(ProgramError) {
    guard let tensor else { return }
    inputs[tensor] = try model.labelRows(labels, rows: tensor.shape.rows).map(Float.init)
  }

  /// The topmost latents of a decoder, drawn from the prior, and the noise of the layers below.
  func draws(for decoder: DecoderProgram, count: Int, seed: UInt64) throws -> [Tensor: [Float]] {
    var result = [decoder.latent: try priorDraws(count: count, seed: seed)]
    for (below, layer) in decoder.layers.enumerated() {
      result[layer.noise] = noise(top - 1 - below, .normal, rows: 0..<count, seed: seed)
    }
    return result
  }

  /// Topmost latents, `(count, latent)`, drawn from the prior.
  func priorDraws(count: Int, seed: UInt64) throws -> [Float] {
    try priorDraws(
      (0..<count).map { image in
        NoiseAddress(seed: seed, purpose: .generation, time: UInt32(top), image: UInt32(image))
      })
  }

  /// Topmost latents, `(latent)` for each address, drawn from the prior.
  func priorDraws(_ addresses: [NoiseAddress]) throws -> [Float] {
    let width = model.encoder[top].latent
    if let joint = model.prior.joint { return try joint.draw(self, addresses) }
    var result = [Float](repeating: 0, count: addresses.count * width)
    for unit in 0..<width {
      var values: [String: Double] = [:]
      for (name, tensor) in zip(model.prior.parameters, model.priorParameters) {
        values[name] = parameters[tensor].map { Double($0[unit]) } ?? 0
      }
      let drawn: [Double]
      if let sample = model.prior.sample {
        drawn = addresses.map { address in
          values["e"] = Double(
            model.prior.noise == .normal
              ? address.normal(column: unit) : address.openUniform(column: unit))
          return sample.evaluate(values)
        }
      } else {
        drawn = try model.prior.quantiles(
          addresses.map { Double($0.openUniform(column: unit)) }, parameters: values)
      }
      for image in addresses.indices { result[image * width + unit] = Float(drawn[image]) }
    }
    return result
  }

  /// The noise of a layer's samples, `(rows, latent)`; its centre where there is no seed.
  func noise(
    _ layer: Int, _ distribution: Noise.Distribution, rows: Range<Int>, seed: UInt64?
  ) -> [Float] {
    let width = model.encoder[layer].latent
    let isNormal = distribution == .normal
    guard let seed else {
      return Array(repeating: isNormal ? 0 : 0.5, count: rows.count * width)
    }
    return rows.flatMap { row in
      let address = NoiseAddress(
        seed: seed, purpose: .generation, time: UInt32(layer), image: UInt32(row))
      return (0..<width).map {
        isNormal ? address.normal(column: $0) : address.openUniform(column: $0)
      }
    }
  }

  var top: Int { model.encoder.count - 1 }

  /// The expected pixels given the centre of each image's lowest latents.
  ///
  /// - Parameters:
  ///   - images: Pixels of each.
  ///   - labels: The class of each, where the model is conditional.
  ///   - others: The classes that the decoder is told; nil for the same.
  public func reconstructions(
    of images: [[Float]], labels: [Int]? = nil, as others: [Int]? = nil
  ) throws -> [[Float]] {
    let centers = try encode(images, labels: labels, seed: nil).latents[0]
    return rows(
      try decode(centers, rows: images.count, labels: others ?? labels) { [$0.mean] }[0])
  }

  /// Runs a program, once for each control record; returns the values of some of its tensors, run
  /// after run.
  func run(
    _ program: Program, _ inputs: [Tensor: [Float]], reading outputs: [Tensor],
    _ controls: [Control] = [Control()]
  ) throws(DeviceError) -> [[Float]] {
    let memory = try device.allocate(model.parameters)
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    let executable = try device.compile(program, on: memory)
    for (tensor, values) in inputs {
      let isWords = tensor.element == .uint32
      try executable.upload(isWords ? .words(values.map(UInt32.init)) : .floats(values), to: tensor)
    }
    var results = outputs.map { _ in [Float]() }
    for control in controls {
      try executable.run(control)
      for (index, output) in outputs.enumerated() {
        results[index] += try executable.floats(output)
      }
    }
    _ = memory
    return results
  }

  /// Images, `(D)` each, one after another.
  func rows(_ pixels: [Float]) -> [[Float]] {
    stride(from: 0, to: pixels.count, by: model.dataSize).map {
      Array(pixels[$0..<$0 + model.dataSize])
    }
  }
}
