import Compute

/// The settings with which a gradient's signal is measured.
public struct SignalConfiguration: Hashable, Sendable {
  public var groups: Int
  public var samples: Int
  public var batchSize: Int
  /// Blocks of draws, whose spread tells the errors.
  public var blocks: Int
  public var drawsPerBlock: Int
  public var binarization: Binarization
  public var seed: UInt64

  public init(
    groups: Int = 1, samples: Int = 1, batchSize: Int = 16, blocks: Int = 20,
    drawsPerBlock: Int = 50, binarization: Binarization = .sample, seed: UInt64 = 0
  ) {
    self.groups = groups
    self.samples = samples
    self.batchSize = batchSize
    self.blocks = blocks
    self.drawsPerBlock = drawsPerBlock
    self.binarization = binarization
    self.seed = seed
  }
}

/// The signal of one estimator's gradient.
public struct EstimatorSignal: Sendable {
  public let estimator: GradientEstimator
  public let encoder: GradientSignal
  public let decoder: GradientSignal
}

extension GradientSignal {
  /// The most parameters of a network that are looked at; of more, evenly spaced ones.
  private static let mostParameters = 1 << 16

  /// Measures the gradients of estimators on one batch, the first images of a set, at parameters that
  /// stand still.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - parameters: Its parameters.
  ///   - images: The set.
  ///   - configuration: The sizes, and how many gradients are drawn.
  ///   - estimators: Whose gradients.
  ///   - device: The device to measure on.
  ///   - progress: Told of the blocks done; returns whether to go on.
  /// - Returns: Nil if `progress` asked to stop.
  public static func measure(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet,
    _ configuration: SignalConfiguration, estimators: [GradientEstimator], device: any Device,
    progress: (Int) -> Bool = { _ in true }
  ) throws -> [EstimatorSignal]? {
    let data = try ResidentSet(images, for: model, name: "probe")
    let binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    let step = StepConfiguration(
      batchSize: min(configuration.batchSize, images.count), groups: configuration.groups,
      samples: configuration.samples, objective: .iwae, source: data.batchSource(binarization),
      optimizer: nil)
    let probe = try GradientProbe(model, step, estimators: estimators)
    let memory = try device.allocate(
      model.parameters + data.tensors + probe.targets.flatMap(\.self))
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    try data.upload(to: memory)
    try device.prepare(probe.programs)
    let programs = try probe.programs.map { try device.compile($0, on: memory) }
    var means = [[[Float]]](repeating: [], count: probe.targets.count)
    var control = Control()
    control.seed = configuration.seed
    for block in 0..<configuration.blocks {
      try memory.clear(probe.targets.flatMap(\.self))
      for draw in 0..<configuration.drawsPerBlock {
        control.step = UInt32(block * configuration.drawsPerBlock + draw)
        for program in programs { try program.run(control) }
      }
      let scale = 1 / Float(configuration.drawsPerBlock)
      for (column, targets) in probe.targets.enumerated() {
        means[column].append(try read(targets, memory, scale))
      }
      guard progress(block + 1) else { return nil }
    }
    let signals = means.map {
      GradientSignal(blockMeans: $0, draws: configuration.drawsPerBlock)
    }
    return zip(estimators, probe.columns).map { estimator, columns in
      EstimatorSignal(
        estimator: estimator, encoder: signals[columns.encoder], decoder: signals[columns.decoder])
    }
  }

  /// The values of a column that are looked at.
  private static func read(
    _ tensors: [Tensor], _ memory: any Memory, _ scale: Float
  ) throws(DeviceError) -> [Float] {
    let count = tensors.reduce(0) { $0 + $1.shape.count }
    let step = (count + mostParameters - 1) / mostParameters
    var result: [Float] = []
    var next = 0
    for tensor in tensors {
      let values = try memory.floats(tensor)
      while next < values.count {
        result.append(values[next] * scale)
        next += step
      }
      next -= values.count
    }
    return result
  }
}
