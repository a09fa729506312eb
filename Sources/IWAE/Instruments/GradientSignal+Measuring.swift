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
    var control = Control()
    control.seed = configuration.seed
    func run(_ draws: Range<Int>) throws {
      try memory.clear(probe.targets.flatMap(\.self))
      for draw in draws {
        control.step = UInt32(draw)
        for program in programs { try program.run(control) }
      }
    }
    // What is mixed learns from draws that are not among those measured.
    let measured = configuration.blocks * configuration.drawsPerBlock
    var mixes = probe.columns.map { columns in
      columns.mixed.map { _ in EstimatorMix(of: probe.targets[columns.encoder]) }
    }
    if mixes.contains(where: { $0 != nil }) {
      for draw in measured..<measured + learningDraws {
        try run(draw..<draw + 1)
        for (index, columns) in probe.columns.enumerated() {
          guard let mixed = columns.mixed else { continue }
          let gradients = try probe.targets[columns.encoder].map(memory.floats)
          let others = try probe.targets[mixed].map(memory.floats)
          mixes[index]?.learn(gradients, zip(others, gradients).map { zip($0, $1).map(-) })
        }
        guard progress(0) else { return nil }
      }
    }
    var means = [[[[Float]]]](repeating: [], count: probe.targets.count)
    for block in 0..<configuration.blocks {
      let first = block * configuration.drawsPerBlock
      try run(first..<first + configuration.drawsPerBlock)
      let scale = 1 / Float(configuration.drawsPerBlock)
      for (column, targets) in probe.targets.enumerated() {
        means[column].append(try read(targets, memory, scale))
      }
      guard progress(block + 1) else { return nil }
    }
    func signal(_ means: [[[Float]]]) -> GradientSignal {
      GradientSignal(
        blockMeans: means.map { $0.flatMap(\.self) }, draws: configuration.drawsPerBlock)
    }
    let signals = means.map(signal)
    return estimators.indices.map { index in
      let columns = probe.columns[index]
      var encoder = signals[columns.encoder]
      if let mix = mixes[index], let other = columns.mixed {
        encoder = signal(zip(means[columns.encoder], means[other]).map(mix.mixed))
      }
      return EstimatorSignal(
        estimator: estimators[index], encoder: encoder, decoder: signals[columns.decoder])
    }
  }

  /// The draws that a mix learns from.
  private static let learningDraws = 100

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
