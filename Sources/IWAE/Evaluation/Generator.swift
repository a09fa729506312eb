import Compute

/// Draws images from a model, and images that a model makes of others.
public struct Generator {
  let model: Model
  private let parameters: [Tensor: [Float]]
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
    let indices = Tensor("indices", .vector(count), .input, element: .uint32)
    var inputs = [latent(top, count, .input)]
    var value = inputs[0]
    for (position, network) in model.decoderNetworks.enumerated().dropLast() {
      let (_, heads) = try builder.forward(network, value, rows: count)
      let layer = top - position - 1
      value = latent(layer, count, latentRole)
      let noise = Tensor("noise.\(layer)", value.shape, .input)
      inputs.append(noise)
      try builder.program.append(
        .reparameterize(
          Reparameterize(
            mean: heads[0], logSigma: heads[1], indices: indices, source: .given, noise: noise,
            sample: value)))
    }
    return Descent(builder: builder, inputs: inputs, value: value)
  }

  /// Gives a descent its normal numbers.
  func upload(
    _ descent: Descent, to executable: any Executable, seed: UInt64
  ) throws(DeviceError) {
    for (position, input) in descent.inputs.enumerated() {
      try executable.upload(normals(input, layer: top - position, seed: seed), to: input)
    }
  }

  var top: Int { model.encoder.count - 1 }

  /// The expected pixels given the mean of each image's lowest latents.
  public func reconstructions(of images: [[Float]]) throws -> [[Float]] {
    let count = images.count
    var builder = StepBuilder(model, configuration(count), name: "reconstruct")
    let (input, _) = try builder.appendBatch()
    let (_, heads) = try builder.forward(model.encoderNetworks[0], input, rows: count)
    let pixels = try appendPixels(heads[0], count, &builder)
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

  /// The last network's means, as pixels.
  func appendPixels(
    _ value: Tensor, _ count: Int, _ builder: inout StepBuilder
  ) throws(ProgramError) -> Tensor {
    let network = model.decoderNetworks[model.decoder.count - 1]
    let hidden = Network(hiddenOf: network)
    let (activations, _) = try builder.forward(hidden, value, rows: count)
    let pixels = Tensor("pixels", .matrix(rows: count, columns: model.dataSize), .output)
    try builder.program.append(
      .multiply(
        Multiply(
          input: activations.values[activations.values.count - 1], weight: network.heads[0].weight,
          bias: network.heads[0].bias,
          activation: model.likelihood == .bernoulli ? .logistic : .identity, output: pixels)))
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
