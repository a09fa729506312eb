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
  public func samples(count: Int, seed: UInt64) throws -> [[Float]] {
    var descent = try descent(count, name: "generate", latentRole: .temporary)
    let pixels = try appendPixels(descent.value, count, &descent.builder)
    let (memory, executable) = try compile(descent.builder)
    try upload(descent, to: executable, seed: seed)
    _ = memory
    return try rows(executable, pixels)
  }

  /// A walk from the topmost latents, which are an input, down to the lowest.
  struct Descent {
    var builder: StepBuilder
    /// The topmost latents, then the noise of each layer below.
    var inputs: [Tensor]
    /// The lowest latents.
    var value: Tensor
  }

  func descent(_ count: Int, name: String, latentRole: Role) throws(ProgramError) -> Descent {
    var builder = StepBuilder(model, configuration(count), name: name)
    var inputs = [latent(top, count, .input)]
    var value = inputs[0]
    for (position, network) in model.decoderNetworks.enumerated().dropLast() {
      let (_, heads) = try builder.forward(network, value, rows: count)
      let layer = top - position - 1
      let noise = Tensor("noise.\(layer)", latent(layer, count, .input).shape, .input)
      value = latent(layer, count, latentRole)
      inputs.append(noise)
      try builder.append(
        [.init(builder.conditional(Posterior.gaussian.sample, heads, e: noise), into: value)],
        reading: heads + [noise])
    }
    return Descent(builder: builder, inputs: inputs, value: value)
  }

  /// Gives a descent its topmost latents and its normal numbers.
  func upload(_ descent: Descent, to executable: any Executable, seed: UInt64) throws {
    for (position, input) in descent.inputs.enumerated() {
      let values =
        position == 0
        ? try priorDraws(count: input.shape.rows, seed: seed)
        : normals(input, layer: top - position, seed: seed)
      try executable.upload(values, to: input)
    }
  }

  /// Topmost latents, `(count, latent)`, drawn from the prior.
  func priorDraws(count: Int, seed: UInt64) throws -> [Float] {
    let width = model.encoder[top].latent
    var result = [Float](repeating: 0, count: count * width)
    for unit in 0..<width {
      var values: [String: Double] = [:]
      for (name, tensor) in zip(model.prior.parameters, model.priorParameters) {
        values[name] = parameters[tensor].map { Double($0[unit]) } ?? 0
      }
      let addresses = (0..<count).map { image in
        NoiseAddress(
          seed: seed, purpose: .generation, time: UInt32(top), image: UInt32(image))
      }
      let drawn: [Double]
      if let sample = model.prior.sample {
        drawn = addresses.map { address in
          values["e"] = Double(address.normal(column: unit))
          return sample.evaluate(values)
        }
      } else {
        drawn = try model.prior.quantiles(
          addresses.map { Double($0.openUniform(column: unit)) }, parameters: values)
      }
      for image in 0..<count { result[image * width + unit] = Float(drawn[image]) }
    }
    return result
  }

  var top: Int { model.encoder.count - 1 }

  /// The expected pixels given the centre of each image's lowest latents.
  public func reconstructions(of images: [[Float]]) throws -> [[Float]] {
    let count = images.count
    var builder = StepBuilder(model, configuration(count), name: "reconstruct")
    let (input, _) = try builder.appendBatch()
    let (_, heads) = try builder.forward(model.encoderNetworks[0], input, rows: count)
    let center = try builder.appendCenter(0, heads, role: .temporary)
    let pixels = try appendPixels(center, count, &builder)
    let (memory, executable) = try compile(builder)
    try executable.upload(images.flatMap(\.self), to: input)
    _ = memory
    return try rows(executable, pixels)
  }

  func configuration(_ count: Int) -> StepConfiguration {
    StepConfiguration(batchSize: count, samples: 1, objective: .vae, optimizer: nil)
  }

  func latent(_ layer: Int, _ count: Int, _ role: Role) -> Tensor {
    Tensor("latent.\(layer)", .matrix(rows: count, columns: model.encoder[layer].latent), role)
  }

  /// The likelihood's means, as pixels.
  func appendPixels(
    _ value: Tensor, _ count: Int, _ builder: inout StepBuilder
  ) throws(ProgramError) -> Tensor {
    let network = model.decoderNetworks[model.decoder.count - 1]
    let (_, heads) = try builder.forward(network, value, rows: count)
    let pixels = Tensor("pixels", .matrix(rows: count, columns: model.dataSize), .output)
    let mean = builder.likelihood(model.likelihood.mean, heads)
    try builder.append(
      [.init(mean, into: pixels)], reading: heads + model.likelihoodParameters)
    return pixels
  }

  func compile(
    _ builder: StepBuilder, states: [Tensor] = []
  ) throws(DeviceError) -> (memory: any Memory, executable: any Executable) {
    let memory = try device.allocate(model.parameters + states)
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    return (memory, try device.compile(builder.program.build(), on: memory))
  }

  private func normals(_ tensor: Tensor, layer: Int, seed: UInt64) -> [Float] {
    (0..<tensor.shape.rows).flatMap { row in
      let address = NoiseAddress(
        seed: seed, purpose: .generation, time: UInt32(layer), image: UInt32(row))
      return (0..<tensor.shape.columns).map { address.normal(column: $0) }
    }
  }

  func rows(
    _ executable: any Executable, _ pixels: Tensor
  ) throws(DeviceError) -> [[Float]] {
    try executable.run(Control())
    let values = try executable.floats(pixels)
    let width = pixels.shape.columns
    return (0..<pixels.shape.rows).map { Array(values[$0 * width..<($0 + 1) * width]) }
  }
}
