import Compute
import Datasets
import IWAE

/// A model, and the images through which an instrument looks at it.
public struct Subject: Sendable {
  public var model: Model
  public var parameters: [Tensor: [Float]]
  public var images: ImageSet
  public var binarization: Binarization
  /// The seed of everything drawn.
  public var seed: UInt64
  /// The model's name in messages: the path of its checkpoint.
  public var name: String
  /// True for images that the model's run is not tested on.
  public var hasOtherImages = false

  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, binarization: Binarization,
    seed: UInt64, name: String = "the model"
  ) {
    (self.model, self.parameters, self.images) = (model, parameters, images)
    (self.binarization, self.seed, self.name) = (binarization, seed, name)
  }

  /// A stored model on the first of its test images.
  ///
  /// - Parameters:
  ///   - stored: The model.
  ///   - test: The images to test it on.
  ///   - limit: The most images.
  ///   - seed: The noise's; nil for the run's, or 0 where there is none.
  public init(_ stored: StoredModel, _ test: TestImages, limit: Int = .max, seed: UInt64? = nil) {
    self.init(
      stored.model, parameters: stored.parameters,
      images: test.images.subset(0..<min(limit, test.images.count)),
      binarization: test.rule.eachPass, seed: seed ?? stored.run?.seed ?? 0, name: stored.path)
    let hasRun = stored.run != nil && !ExactModel.isMeant(by: stored.path)
    hasOtherImages = hasRun && test.areOthers
  }

  /// The linear model of Rainforth et al., near its optimum: the standard deviation 0.01 and the
  /// variance 2/3 of the encoder, 4/3 of the posterior's, are the paper's.
  public static func linear(images: Int, seed: UInt64) -> Subject {
    let density = LinearGaussian(dimensions: 20)
    return Subject(
      density.model,
      parameters: density.parameters(widening: 4 / 3.0, perturbation: 0.01, seed: seed),
      images: density.images(count: images, seed: seed), binarization: .none, seed: seed)
  }
}

/// Told in words how far an instrument is; returns whether to go on.
public typealias WordMonitor = (String) -> Bool

extension Subject {
  /// What ranks that measure together compare.
  func agreements(on device: any Device) throws -> [Fact] {
    let facts =
      try Fact.device(device) + [
        Fact.model(model), Fact("the parameters", parameters), Fact("the images", images),
      ]
    return facts + Fact.draws(seed: seed, binarization)
  }
}
