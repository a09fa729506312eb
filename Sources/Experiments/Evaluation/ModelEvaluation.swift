import Compute
import Datasets
import Foundation
import IWAE

/// The evaluation of a model on images: its likelihood, its active units, and what it is worth without
/// the inactive ones.
public struct ModelEvaluation: Sendable {
  public var model: Model
  public var parameters: [Tensor: [Float]]
  public var images: ImageSet
  /// The images on which active units are counted; nil for the same.
  public var activity: ImageSet?
  /// Samples of each image.
  public var samples: Int
  public var binarization: Binarization
  public var seed: UInt64
  /// Images at a time.
  public var batchSize: Int
  /// Samples of each image at a time.
  public var chunk: Int
  /// True to find the Pareto shape of each image's weights, for which the device hands out all of them.
  public var findsShapes = false
  /// As many weights are kept at once for that, if one image has no more: fewer images at a time, to the same
  /// results.
  var weightsTogether = 1 << 24
  /// The most weights of one image, which take some 8 GiB until its shape is found.
  private static let mostWeights = 1 << 28

  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, activity: ImageSet? = nil,
    samples: Int = 5000, binarization: Binarization, seed: UInt64, batchSize: Int = 20,
    chunk: Int = 250
  ) {
    (self.model, self.parameters) = (model, parameters)
    (self.images, self.activity) = (images, activity)
    (self.samples, self.binarization, self.seed) = (samples, binarization, seed)
    (self.batchSize, self.chunk) = (batchSize, chunk)
  }

  /// What ranks that evaluate together compare.
  private func agreements(on device: any Device) throws -> [Fact] {
    var facts =
      try Fact.device(device) + [
        Fact.model(model), Fact("the parameters", parameters), Fact("the images", images),
        Fact("the sizes", "\(samples) samples, \(batchSize) images and \(chunk) samples at a time"),
      ]
    facts += Fact.draws(seed: seed, binarization)
    if let activity { facts.append(Fact("the images of active units", activity)) }
    return facts
  }

  /// Images at a time where all weights are kept.
  var batchOfShapes: Int { min(batchSize, max(1, weightsTogether / max(samples, 1))) }

  /// Evaluates; nil if the monitor stopped it.
  ///
  /// - Parameters:
  ///   - device: The device to evaluate on.
  ///   - monitor: Told how far it is; returns whether to go on.
  ///   - observe: Given what was found of each image.
  public func run(
    on device: any Device, monitor: ProgressMonitor = { _ in true },
    observe: ([CertifiedImage]) throws -> Void = { _ in }
  ) throws -> EvaluationReport? {
    let start = ContinuousClock.now
    guard !findsShapes || samples <= Self.mostWeights else {
      throw ConfigurationError(
        "The Pareto shapes of '--per-image' need all weights of an image at once, at most "
          + "\(Self.mostWeights), found \(samples). Ask for fewer samples, or an array (.npy), which has "
          + "no shapes.")
    }
    try device.ranks.agree(on: agreements(on: device))
    func evaluate(
      _ what: String, _ parameters: [Tensor: [Float]], on images: ImageSet, samples: Int,
      observe: ((LogWeights) -> Void)? = nil
    ) throws -> Evaluation? {
      let begin = ContinuousClock.now
      return try Evaluator(
        model, parameters: parameters, images: images, device: device, samples: samples,
        binarization: binarization, batchSize: observe == nil ? batchSize : batchOfShapes,
        chunk: chunk, seed: seed
      ).evaluate(
        progress: { done in
          let rate = Double(done) / ((ContinuousClock.now - begin) / .seconds(1))
          return monitor(
            RunProgress(
              stage: .evaluating(what, images: done, of: images.count), imagesPerSecond: rate,
              secondsLeft: Double(images.count - done) / rate))
        }, observe: observe)
    }
    var shapes: [Double?] = []
    let found = try evaluate(
      "evaluating", parameters, on: images, samples: samples,
      observe: findsShapes ? { shapes.append($0.paretoShape) } : nil)
    guard var result = found else { return nil }
    if let image = result.imageLogLikelihoods.firstIndex(where: { !$0.isFinite }) {
      throw NotFiniteError(
        description: "The log-likelihood of image \(image + 1) is "
          + "\(result.imageLogLikelihoods[image]). The model's parameters are too extreme for single "
          + "precision.")
    }
    try observe(
      result.imageLogLikelihoods.enumerated().map { image, value in
        CertifiedImage(
          logLikelihood: value, effectiveSampleSize: result.effectiveSampleSizes[image],
          samples: samples, shape: findsShapes ? shapes[image] : nil)
      })
    if let activity {
      // A chunk of samples settles the means of the upper layers.
      let active = try evaluate(
        "active units", parameters, on: activity, samples: min(samples, chunk))
      guard let active else { return nil }
      result.unitVariances = active.unitVariances
    }
    var withoutDead: Evaluation?
    // The variance of one image's units says nothing.
    if (activity ?? images).count > 1,
      let pruned = try model.removingInactiveUnits(
        from: parameters, variances: result.unitVariances)
    {
      withoutDead = try evaluate("without inactive units", pruned, on: images, samples: samples)
      if withoutDead == nil { return nil }
    }
    return EvaluationReport(
      result, samples: samples, nllActiveUnitsOnly: withoutDead?.nll,
      exactNll: images.exactLogLikelihood.map { -$0 },
      nllInDataUnits: images.standardization.map { _ in result.nll + images.meanLogDeviation },
      seconds: (ContinuousClock.now - start) / .seconds(1), device: device)
  }
}

extension ModelEvaluation {
  /// The evaluation on a thread of its own, which tells how far it is. Its outcome is what `run` returns.
  ///
  /// - Parameter open: Opens the device, on the work's thread: a device serves one thread at a time.
  ///   The work closes it.
  public func progress(
    on open: @escaping @Sendable () throws -> any Device
  ) -> Work<RunProgress, EvaluationReport?> {
    Work(ifNotBegun: nil) { tell, stopping in
      let device = try open()
      defer { device.close() }
      return try run(on: device) { progress in
        tell(progress)
        return !stopping.isRequested
      }
    }
  }
}

extension ImageSet {
  /// The mean of the log of the data's own density over the images, where it is known: of
  /// standardized data, as models see them.
  public var exactLogLikelihood: Double? {
    guard name == ExactModel.name else { return nil }
    return LinearGaussian().meanLogLikelihood(of: self) + meanLogDeviation
  }
}

extension LinearGaussian {
  /// The mean of the log of the density over images.
  func meanLogLikelihood(of images: ImageSet) -> Double {
    let rows = (0..<images.count).map { images.pixels(of: $0) }
      .restored(by: images.standardization)
    return rows.reduce(0) { $0 + logLikelihood($1) } / Double(images.count)
  }
}

/// Something that is infinite or no number where it must be finite.
public struct NotFiniteError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(description: String) { self.description = description }

  /// - Parameter value: The quantity that is infinite or no number: `log-weight`, for one.
  init(of value: String) {
    description =
      "A \(value) is not finite: the model's parameters are too extreme for single precision."
  }
}
