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
  /// The batches that the images are divided into, at most, each with noise of its own.
  private static let mostBlocks = 64
  /// The times that each image's samples are drawn.
  private static let draws = 4

  public init(_ objective: Objective, groups: Int, samples: Int, images: ImageSet) {
    (self.objective, self.groups, self.samples) = (objective, groups, samples)
    self.images = images
  }

  /// What was found.
  public struct Report: Encodable, Sendable {
    public struct Row: Encodable, Sendable {
      /// The objective, or the mistake.
      public var name: String
      public var explanation: String
      /// The square of the mean gradient over that of the noise of a batch, times the number of batches: 0
      /// where there is none, 1 where it is as large as the noise of the mean over all.
      public var squaredRatio: Double
      public var standardError: Double
    }

    public var objective: String
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
    let batch = max(1, images.count / Self.mostBlocks)
    let blocks = images.count / batch
    var configuration = SignalConfiguration(
      groups: groups, samples: samples, batchSize: batch, drawsPerBlock: Self.draws,
      binarization: subject.binarization, seed: subject.seed)
    func measure(_ mixes: [GradientMix]) throws -> [GradientDrift]? {
      let found = try GradientDrift.measure(
        subject.model, parameters: subject.parameters, images: images, configuration,
        mixes: mixes, device: device
      ) { monitor("the encoder's gradients  \($0) of \($1) batches") }
      guard found?.allSatisfy(\.isFinite) ?? true else { throw NotFiniteError(of: "gradient") }
      return found
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
    func row(_ name: String, _ explanation: String, _ drift: GradientDrift) -> Report.Row {
      Report.Row(
        name: name, explanation: explanation, squaredRatio: drift.squaredRatio * Double(blocks),
        standardError: drift.error * Double(blocks))
    }
    let mistakes = zip(straight + swapped, Array(first.dropFirst()) + second).map {
      row($0.0.name, $0.0.explanation, $1)
    }
    return Report(
      objective, groups, samples, images: images.count, batches: blocks,
      own: row(objective.name, "the objective itself", first[0]), mistakes)
  }
}

extension TrainingCheck.Report {
  /// - Parameters:
  ///   - own: The objective's.
  ///   - mistakes: Those that would be something else.
  init(
    _ objective: Objective, _ groups: Int, _ samples: Int, images: Int, batches: Int, own: Row,
    _ mistakes: [Row]
  ) {
    (self.objective, self.groups, self.samples) = (objective.name, groups, samples)
    (self.images, self.batches, self.own, self.mistakes) = (images, batches, own, mistakes)
    let named = "'\(objective.name)'"
    guard own.isThere else {
      verdict =
        "the encoder's gradient of \(named) is not told from none: nothing speaks against it"
      return
    }
    let vanished = mistakes.filter { $0.vanishes(besides: own) }
    if let one = vanished.min(by: { $0.squaredRatio < $1.squaredRatio }) {
      found = one.name
      verdict =
        "the encoder's gradient of \(named) does not vanish, but that of this mistake does: "
        + one.explanation
    } else {
      verdict =
        "the encoder's gradient of \(named) does not vanish, nor does that of a known mistake: training "
        + "had not ended, or was on other images, or ascended something else"
    }
  }
}

extension TrainingCheck.Report.Row {
  /// True if there is a mean gradient, beyond three errors.
  var isThere: Bool { squaredRatio > 3 * standardError }

  /// True if there is next to none, where another has one: less than a tenth of it, errors included.
  func vanishes(besides other: Self) -> Bool {
    squaredRatio + 3 * standardError < 0.1 * (other.squaredRatio - 3 * other.standardError)
      || squaredRatio < 3 * standardError
        && abs(squaredRatio) + 3 * standardError
          < 0.25 * (other.squaredRatio - 3 * other.standardError)
  }
}
