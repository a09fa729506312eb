import Compute
import Datasets
import Files
import Foundation
import IWAE

/// log p(x) from both sides, and where the bound's gap comes from.
public struct SandwichMeasurement: Sendable {
  public struct Settings: Hashable, Sendable {
    /// Samples of each image.
    public var samples: Int
    /// The temperatures from the encoder's Gaussian to the posterior, in runs of their own, in
    /// ascending order.
    public var temperatures: [Int]
    /// Chains of each image.
    public var chains: Int
    /// The most leapfrog steps of a transition.
    public var leapfrogs: Int
    /// Steps that fit each image's own posterior in the encoder's place; 0 for none.
    public var fitSteps: Int

    public init(
      samples: Int = 5000, temperatures: [Int] = [10, 50, 250], chains: Int = 16,
      leapfrogs: Int = 10, fitSteps: Int = 1000
    ) {
      self.samples = samples
      self.temperatures = temperatures
      self.chains = chains
      self.leapfrogs = leapfrogs
      self.fitSteps = fitSteps
    }
  }

  public let subject: Subject
  public let settings: Settings

  /// - Throws: `FormatError` for a model from which no data or no latents can be drawn by a formula.
  public init(_ subject: Subject, _ settings: Settings = Settings()) throws {
    (self.subject, self.settings) = (subject, settings)
    let (model, path) = (subject.model, subject.name)
    if !model.likelihood.canDraw {
      throw FormatError(
        file: path, problem: DescriptionError.noDraw(likelihood: model.likelihood.name).description)
    }
    if model.obstacleToPath != nil {
      throw FormatError(
        file: path,
        problem:
          "annealing moves latents along the gradient of their density, and there is none where "
          + "they are 0 or 1. A measurement of bounds does without.")
    }
  }

  /// Measures; nil if the monitor stopped it.
  public func run(
    on device: any Device, monitor: @escaping WordMonitor = { _ in true }
  ) throws -> SandwichReport? {
    try device.ranks.agree(on: subject.agreements(on: device))
    return try SandwichSession(self, on: device, monitor).measure()
  }
}

/// A measurement while it goes on.
private final class SandwichSession {
  private let model: Model
  private let parameters: [Tensor: [Float]]
  private let images: ImageSet
  private let binarization: Binarization
  private let seed: UInt64
  private let isExact: Bool
  private let samples: Int
  private let temperatures: [Int]
  private let chains: Int
  private let leapfrogs: Int
  private let fitSteps: Int
  private let device: any Device
  private let monitor: WordMonitor
  private let start = ContinuousClock.now
  /// The part of `work` that is done.
  private var done = 0.0

  init(
    _ measurement: SandwichMeasurement, on device: any Device, _ monitor: @escaping WordMonitor
  ) {
    let (subject, settings) = (measurement.subject, measurement.settings)
    (model, parameters, images) = (subject.model, subject.parameters, subject.images)
    (binarization, seed) = (subject.binarization, subject.seed)
    isExact = ExactModel.isMeant(by: subject.name)
    (samples, temperatures) = (settings.samples, settings.temperatures)
    (chains, leapfrogs, fitSteps) = (settings.chains, settings.leapfrogs, settings.fitSteps)
    (self.device, self.monitor) = (device, monitor)
  }

  /// The work for an image, in rows that walk through the network one way.
  private var work: Double {
    2 * Double(samples) + fitWork + annealingWork(walks: 1) + annealingWork(walks: 2)
  }

  private func annealingWork(walks: Int) -> Double {
    // Trajectories have some three steps where they are not as long as they may be.
    Double(2 * min(leapfrogs, 3) * chains) * Double(annealing(.none).transitions(walks: walks))
  }

  private var fitWork: Double { Double(2 * fitSteps) * Double(fitting.samples) }

  /// The test images, as many simulated ones, and the gap; nil if it was stopped.
  func measure() throws -> SandwichReport? {
    guard let test = try sandwich(images, "test images", posterior: nil, binarization) else {
      return nil
    }
    let generator = Generator(model, parameters: parameters, device: device)
    // Another seed than that of the chains, which would start where the images came from.
    let simulation = try generator.simulate(
      count: images.count, seed: seed &+ 1, height: images.height, labels: images.labels)
    guard
      let simulated = try sandwich(
        simulation.images, "simulated images", posterior: simulation.latents, .none)
    else { return nil }
    var report = SandwichReport(
      test: test, simulated: simulated, images: images.count, samples: samples, chains: chains,
      device: device.name)
    if fitSteps > 0 {
      guard let fitted = try fit() else { return nil }
      report.gap = SandwichReport.Gap(
        fitted, layers: model.encoder.count, posterior: model.encoder[0].posterior.name,
        logLikelihood: test.logLikelihood)
    }
    report.seconds = (ContinuousClock.now - start) / .seconds(1)
    return report
  }

  private func sandwich(
    _ images: ImageSet, _ label: String, posterior: [[Float]]?, _ binarization: Binarization
  ) throws -> SandwichReport.Side? {
    let evaluator = try Evaluator(
      model, parameters: parameters, images: images, device: device, samples: samples,
      binarization: binarization, seed: seed)
    var sampled = BoundMean()
    var sampledImages: [Double] = []
    var shapes: [Double?] = []
    let evaluation = try evaluator.evaluate(
      progress: { done in
        self.show(
          "\(label)  sampling", Double(done) / Double(images.count), of: Double(self.samples))
      },
      observe: {
        sampled.add($0.bound($0.count))
        sampledImages.append($0.logMean)
        shapes.append($0.paretoShape)
      })
    guard evaluation != nil else { return nil }
    done += Double(samples)
    guard sampled.mean.isFinite else { throw NotFiniteError(of: "log-weight") }
    var side = SandwichReport.Side(importance: .init(sampled))
    if isExact { side.exact = LinearGaussian().meanLogLikelihood(of: images) }
    guard let walks = try anneal(images, label, posterior, binarization) else { return nil }
    side.add(Array(zip(temperatures, walks)), importance: sampledImages, shapes: shapes)
    return side
  }

  /// The images, annealed with each of the numbers of temperatures.
  private func anneal(
    _ images: ImageSet, _ label: String, _ posterior: [[Float]]?, _ binarization: Binarization
  ) throws -> [[AnnealedImage]]? {
    let annealer = try Annealer(
      model, parameters: parameters, images: images, annealing(binarization), device: device)
    let work = annealingWork(walks: posterior == nil ? 1 : 2)
    let results = try annealer.anneal(posterior: posterior) { share in
      self.show("\(label)  annealing", share, of: work)
    }
    done += work
    guard let results else { return nil }
    guard results.joined().allSatisfy({ $0.lower.isFinite && $0.upper?.isFinite != false }) else {
      throw NotFiniteError(of: "log-weight")
    }
    return results
  }

  private func annealing(_ binarization: Binarization) -> AnnealingConfiguration {
    AnnealingConfiguration(
      chains: chains, temperatures: temperatures, leapfrogSteps: leapfrogs,
      binarization: binarization, seed: seed)
  }

  private func fit() throws -> [FittedImage]? {
    let fit = try PosteriorFit(
      model, parameters: parameters, images: images, fitting, device: device)
    return try fit.fit { share in self.show("fitting posteriors", share, of: self.fitWork) }
  }

  private var fitting: PosteriorFitConfiguration {
    var configuration = PosteriorFitConfiguration()
    configuration.steps = fitSteps
    (configuration.binarization, configuration.seed) = (binarization, seed)
    return configuration
  }

  /// Tells of progress; returns whether to go on.
  private func show(_ text: String, _ share: Double, of part: Double) -> Bool {
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let done = (done + share * part) / work
    let left =
      done > 0.01 ? "  \(readable(.seconds(elapsed * (1 - done) / done))) left over all" : ""
    return monitor("\(text)  \(Int(100 * share))%\(left)")
  }
}
