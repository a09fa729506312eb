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
    let session = try ProbeSession(
      model, parameters: parameters, images: images, configuration, estimators: estimators,
      device: device)
    guard let mixes = try session.mixes(while: { progress(0) }) else { return nil }
    var means = [[[[Float]]]](repeating: [], count: session.probe.targets.count)
    for block in 0..<configuration.blocks {
      for (column, values) in try session.means(block: block).enumerated() {
        means[column].append(values)
      }
      guard progress(block + 1) else { return nil }
    }
    func signal(_ means: [[[Float]]]) -> GradientSignal {
      GradientSignal(
        blockMeans: means.map { $0.flatMap(\.self) }, draws: configuration.drawsPerBlock)
    }
    let signals = means.map(signal)
    return estimators.indices.map { index in
      let columns = session.probe.columns[index]
      var encoder = signals[columns.encoder]
      if let mix = mixes[index], let other = columns.mixed {
        encoder = signal(zip(means[columns.encoder], means[other]).map(mix.mixed))
      }
      return EstimatorSignal(
        estimator: estimators[index], encoder: encoder, decoder: signals[columns.decoder])
    }
  }
}
