import Compute

/// A gradient whose mean is looked at: that of an objective, or the sum of several. Their samples are the
/// same.
public struct GradientMix: Sendable {
  public var parts: [GradientEstimator]

  public init(_ parts: [GradientEstimator]) { self.parts = parts }
}

/// The mean gradient of the encoder over images and samples, at parameters that stand still: next to nothing
/// where training that ascended it has ended.
///
/// A block is a part of the images with samples of its own, so that blocks know nothing of each other.
public struct GradientDrift: Sendable {
  /// The square of the mean, without bias: 0 where there is no mean.
  public let square: Double
  /// Its standard error, by leaving blocks out in turn.
  public let error: Double
  /// The square of the noise of the mean over all blocks.
  public let squaredNoise: Double

  init(_ signal: GradientSignal) {
    let (all, leftOut) = signal.squares
    (square, error) = (all, GradientSignal.jackknifeError(leftOut))
    squaredNoise = signal.squaredNoise
  }

  /// Measures the encoder's gradients.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - parameters: Its parameters.
  ///   - images: The images; at least four batches of them.
  ///   - configuration: The sizes: of its blocks, as many as there are batches, whatever it says.
  ///   - mixes: Whose gradients.
  ///   - device: The device to measure on.
  ///   - progress: Told of the blocks done, and of all; returns whether to go on.
  /// - Returns: Nil if `progress` asked to stop.
  public static func measure(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet,
    _ configuration: SignalConfiguration, mixes: [GradientMix], device: any Device,
    progress: (Int, Int) -> Bool = { _, _ in true }
  ) throws -> [GradientDrift]? {
    let blocks = images.count / configuration.batchSize
    guard blocks >= 4 else {
      throw ProgramError.invalid(
        operation: "gradient",
        problem: "expected at least four batches of \(configuration.batchSize) images, found "
          + "\(images.count) images.")
    }
    let estimators = mixes.flatMap(\.parts)
    let session = try ProbeSession(
      model, parameters: parameters, images: images, configuration, estimators: estimators,
      device: device)
    var means = [[[Float]]](repeating: [], count: session.probe.targets.count)
    for block in 0..<blocks {
      let offset = UInt32(block * configuration.batchSize)
      for (column, values) in try session.means(block: block, batchOffset: offset).enumerated() {
        means[column].append(values.flatMap(\.self))
      }
      guard progress(block + 1, blocks) else { return nil }
    }
    var rest = session.probe.columns[...]
    return mixes.map { mix in
      let columns = rest.prefix(mix.parts.count).map { means[$0.encoder] }
      rest = rest.dropFirst(mix.parts.count)
      let sums = (0..<blocks).map { block in
        columns.dropFirst().reduce(columns[0][block]) { zip($0, $1[block]).map(+) }
      }
      return GradientDrift(GradientSignal(blockMeans: sums, draws: 1))
    }
  }
}
