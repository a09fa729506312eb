import Compute

/// A `GradientProbe` on a device, with its images and parameters.
struct ProbeSession {
  let probe: GradientProbe
  private let memory: any Memory
  private let programs: [any Executable]
  private let configuration: SignalConfiguration

  /// The most parameters of a network that are looked at; of more, evenly spaced ones.
  private static let mostParameters = 1 << 16

  init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet,
    _ configuration: SignalConfiguration, estimators: [GradientEstimator], device: any Device
  ) throws {
    self.configuration = configuration
    let data = try ResidentSet(images, for: model, name: "probe")
    let binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    let step = StepConfiguration(
      batchSize: min(configuration.batchSize, images.count), groups: configuration.groups,
      samples: configuration.samples, objective: .iwae, source: data.batchSource(binarization),
      optimizer: nil)
    probe = try GradientProbe(model, step, estimators: estimators)
    memory = try device.allocate(
      model.parameters + data.tensors + probe.targets.flatMap(\.self))
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    try data.upload(to: memory)
    try device.prepare(probe.programs)
    programs = try probe.programs.map { [memory] in try device.compile($0, on: memory) }
  }

  /// For each column, tensor by tensor, the mean of its gradients over the draws of a block.
  ///
  /// - Parameters:
  ///   - block: The block, whose draws are its own.
  ///   - batchOffset: The first of its images.
  func means(block: Int, batchOffset: UInt32 = 0) throws -> [[[Float]]] {
    let first = block * configuration.drawsPerBlock
    try run(first..<first + configuration.drawsPerBlock, batchOffset: batchOffset)
    let scale = 1 / Float(configuration.drawsPerBlock)
    return try probe.targets.map { try Self.read($0, memory, scale) }
  }

  /// Sums up some draws.
  private func run(_ draws: Range<Int>, batchOffset: UInt32 = 0) throws {
    try memory.clear(probe.targets.flatMap(\.self))
    var control = Control()
    control.seed = configuration.seed
    control.batchOffset = batchOffset
    for draw in draws {
      control.step = UInt32(draw)
      for program in programs { try program.run(control) }
    }
  }

  /// The draws that a mix learns from.
  private static let learningDraws = 100

  /// What estimators learn that mix two others, from draws that are of no block; nil of all others.
  ///
  /// - Parameter goesOn: Asked between draws whether to go on.
  /// - Returns: Nil if it was asked to stop.
  func mixes(while goesOn: () -> Bool) throws -> [EstimatorMix?]? {
    var mixes = probe.columns.map { columns in
      columns.mixed.map { _ in EstimatorMix(of: probe.targets[columns.encoder]) }
    }
    guard mixes.contains(where: { $0 != nil }) else { return mixes }
    let first = configuration.blocks * configuration.drawsPerBlock
    for draw in first..<first + Self.learningDraws {
      try run(draw..<draw + 1)
      for (index, columns) in probe.columns.enumerated() {
        guard let other = columns.mixed else { continue }
        let gradients = try probe.targets[columns.encoder].map(memory.floats)
        let others = try probe.targets[other].map(memory.floats)
        mixes[index]?.learn(gradients, zip(others, gradients).map { zip($0, $1).map(-) })
      }
      guard goesOn() else { return nil }
    }
    return mixes
  }

  /// The values of a column that are looked at, tensor by tensor.
  private static func read(
    _ tensors: [Tensor], _ memory: any Memory, _ scale: Float
  ) throws(DeviceError) -> [[Float]] {
    let count = tensors.reduce(0) { $0 + $1.shape.count }
    let step = (count + mostParameters - 1) / mostParameters
    var result: [[Float]] = []
    var next = 0
    for tensor in tensors {
      let values = try memory.floats(tensor)
      let found = stride(from: next, to: values.count, by: step).map { values[$0] * scale }
      result.append(found)
      next += found.count * step - values.count
    }
    return result
  }
}
