import Compute

/// Draws samples of some images and weighs them: any images, and any of their samples, which are those
/// that an evaluation draws.
final class WeightSampler {
  static let batchSize = 20
  static let chunk = 250

  private let data: ResidentSet
  private let memory: any Memory
  private let encode: any Executable
  private let weigh: any Executable
  private let logWeights: Tensor
  private let batchSize: Int
  private let seed: UInt64

  init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, binarization: Binarization,
    seed: UInt64, device: any Device
  ) throws {
    self.seed = seed
    data = try ResidentSet(images, for: model, name: "sampling")
    batchSize = min(Self.batchSize, images.count)
    let encoder = try BatchEncoder(
      model, source: data.batchSource(model.likelihood.isBinarized ? binarization : .none),
      batchSize: batchSize)
    var weigher = encoder.sampling(Self.chunk, name: "weigh")
    try weigher.appendLatents(heads: encoder.heads, encoder.indices)
    try weigher.appendDecoder(encoder.images)
    logWeights = try weigher.appendWeights(role: .output).logWeights
    let programs = [encoder.builder.program.build(), weigher.program.build()]
    memory = try device.allocate(model.parameters + data.tensors + programs.tensors([.state]))
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    try device.prepare(programs)
    encode = try device.compile(programs[0], on: memory)
    weigh = try device.compile(programs[1], on: memory)
    try data.upload(to: memory)
  }

  /// The log-weights of some samples of some images, at most a batch of them.
  ///
  /// - Parameters:
  ///   - images: The images' numbers.
  ///   - samples: The samples' numbers; whole chunks of them.
  ///   - goesOn: Asked after each chunk.
  /// - Returns: For each image, those of its samples; nil if `goesOn` asked to stop.
  func weights(
    of images: [Int], samples: Range<Int>, while goesOn: () -> Bool
  ) throws -> [[Double]]? {
    var control = Control()
    (control.seed, control.step, control.pass) = (seed, Evaluator.time, Evaluator.time)
    let order = images + [Int](repeating: images[0], count: data.images.count - images.count)
    try memory.upload(.words(order.map(UInt32.init)), to: data.order)
    try encode.run(control)
    var result = images.map { _ in [Double]() }
    for offset in stride(from: samples.lowerBound, to: samples.upperBound, by: Self.chunk) {
      control.sampleOffset = UInt32(offset)
      try weigh.run(control)
      let values = try weigh.floats(logWeights)
      for image in images.indices {
        result[image] += values[image * Self.chunk..<(image + 1) * Self.chunk].map(Double.init)
      }
      guard goesOn() else { return nil }
    }
    return result
  }
}
