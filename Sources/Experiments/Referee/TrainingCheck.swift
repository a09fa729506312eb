import Compute
import Foundation
import IWAE

/// A look at what a model's encoder was trained to ascend: the mean gradient of an objective, and of what
/// has been ascended by mistake in its place, over images that the model was trained on.
public struct TrainingCheck: Sendable {
  public var objective: Objective
  public var groups: Int
  public var samples: Int
  public var images: ImageSet
  /// The images in words.
  public var source: String
  /// The batches that the images are divided into, at most, each with noise of its own.
  private static let mostBlocks = 64
  /// The times that each image's samples are drawn.
  private static let draws = 4
  /// Fewer batches tell no errors.
  private static let leastBlocks = 4

  /// - Parameters:
  ///   - objective: What it is said to have been trained on.
  ///   - groups: The groups M of each image's samples.
  ///   - samples: The samples K of a group.
  ///   - images: The images that it was trained on.
  ///   - source: The images in words; nil for their name.
  public init(
    _ objective: Objective, groups: Int, samples: Int, images: ImageSet, source: String? = nil
  ) {
    (self.objective, self.groups, self.samples) = (objective, groups, samples)
    (self.images, self.source) = (images, source ?? images.name)
  }

  /// Refuses images of which there are too few.
  func checkImages() throws {
    guard images.count >= Self.leastBlocks else {
      throw ConfigurationError(
        "The training is judged by at least \(Self.leastBlocks) images that it was on; "
          + "'\(source)' has \(images.count).")
    }
  }

  /// What was found.
  public struct Report: Encodable, Sendable {
    public struct Row: Encodable, Sendable {
      /// The objective, or the mistake.
      public var name: String
      public var explanation: String
      /// The square of the mean gradient over that of the noise of the objective's mean, in all rows of the
      /// same: 0 where there is none, 1 where it is as large as that noise. Nil where it is no number.
      @Nullable public var squaredRatio: Double?
      @Nullable public var standardError: Double?
    }

    public var objective: String
    /// The images in words.
    public var source: String
    public var groups: Int
    public var samples: Int
    public var images: Int
    public var batches: Int
    public var own: Row
    public var mistakes: [Row]
    /// The mistake whose gradient vanishes where the objective's does not; nil for none.
    public var found: String?
    public var verdict: String
  }

  /// Measures; nil if it was stopped.
  func run(
    _ subject: Subject, on device: any Device, _ monitor: @escaping WordMonitor
  ) throws -> Report? {
    try checkImages()
    let batch = (images.count + Self.mostBlocks - 1) / Self.mostBlocks
    var configuration = SignalConfiguration(
      groups: groups, samples: samples, batchSize: batch, drawsPerBlock: Self.draws,
      binarization: subject.binarization, seed: subject.seed)
    func measure(_ mixes: [GradientMix]) throws -> [GradientDrift]? {
      try GradientDrift.measure(
        subject.model, parameters: subject.parameters, images: images, configuration,
        mixes: mixes, device: device
      ) { monitor("the encoder's gradients  \($0) of \($1) batches") }
    }
    let known = TrainingMistake.all.compactMap { mistake in
      mistake.mix(objective, groups, samples).map { (mistake, $0) }
    }
    let straight = known.filter { !$0.1.isSwapped }
    let swapped = known.filter(\.1.isSwapped)
    let own = GradientMix([GradientEstimator(objective)])
    guard let first = try measure([own] + straight.map(\.1.0)) else { return nil }
    (configuration.groups, configuration.samples) = (samples, groups)
    let second = swapped.isEmpty ? [] : try measure(swapped.map(\.1.0))
    guard let second else { return nil }
    // Each row has noise of its own size, so that ratios to it could not be compared.
    let noise = first[0].squaredNoise
    func row(_ name: String, _ explanation: String, _ drift: GradientDrift) -> Report.Row {
      let (ratio, error) = (drift.square / noise, drift.error / noise)
      let isKnown = ratio.isFinite && error.isFinite
      return Report.Row(
        name: name, explanation: explanation, squaredRatio: isKnown ? ratio : nil,
        standardError: isKnown ? error : nil)
    }
    let mistakes = zip(straight + swapped, Array(first.dropFirst()) + second).map {
      row($0.0.name, $0.0.explanation, $1)
    }
    return Report(
      self, batches: images.count / batch,
      own: row(objective.name, "the objective itself", first[0]), mistakes)
  }
}
