import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

@Suite struct GradientSignalTests {
  /// Normal gradients with a known mean and spread.
  private func blocks(mean: Float, count: Int, width: Int, draws: Int) -> [[Float]] {
    (0..<count).map { block in
      let address = NoiseAddress(seed: 9, purpose: .data, image: UInt32(block))
      return (0..<width).map { mean + address.normal(column: $0) / Float(draws).squareRoot() }
    }
  }

  @Test func theRatioOfNormalGradientsIsFound() throws {
    let signal = GradientSignal(
      blockMeans: blocks(mean: 0.3, count: 20, width: 4000, draws: 25), draws: 25)
    let ratio = try #require(signal.ratio)
    #expect(abs(ratio - 0.3) < 0.01)
    #expect(abs(try #require(signal.perParameter) - 0.3) < 0.01)
    let error = try #require(signal.logError)
    #expect(error > 0 && error < 0.05)
  }

  @Test func noiseAloneIsNoSignal() {
    // The plain norm of the mean would say 1 / sqrt(20 * 25) = 0.045.
    let signal = GradientSignal(
      blockMeans: blocks(mean: 0, count: 20, width: 4000, draws: 25), draws: 25)
    #expect((signal.ratio ?? 0) < 0.01)
    #expect(signal.logError == nil)
  }

  @Test func parametersThatNeverVaryAreLeftOut() throws {
    let means = blocks(mean: 0.5, count: 10, width: 1000, draws: 1).map {
      $0 + [Float](repeating: 0, count: 1000)
    }
    let signal = GradientSignal(blockMeans: means, draws: 1)
    #expect(abs(try #require(signal.perParameter) - 0.5) < 0.03)
  }

  @Test func aSlopeIsFoundWithItsMargin() throws {
    let counts = [1, 4, 16, 64]
    let signals = counts.map { count in
      (
        count: count,
        signal: GradientSignal(
          blockMeans: blocks(
            mean: 0.2 * Float(count).squareRoot(), count: 20, width: 500, draws: 4), draws: 4)
      )
    }
    let fit = try #require(SignalSlope(signals))
    #expect(abs(fit.slope - 0.5) < fit.margin && fit.margin < 0.05)
    #expect(fit.points == 4)
    #expect(SignalSlope(signals.prefix(2)) == nil)
  }

  /// A signal that falls into the noise keeps its slope: no point is left out for being low.
  @Test func aFallingSignalKeepsItsSlope() {
    let counts = [1, 2, 4, 8, 16]
    var slopes: [Double] = []
    var held = 0
    for trial in 0..<60 {
      let fit = SignalSlope(
        counts.map { count in
          (
            count: count,
            signal: GradientSignal(
              blockMeans: (0..<20).map { block in
                let address = NoiseAddress(
                  seed: 4, purpose: .data, time: UInt32(count), image: UInt32(20 * trial + block))
                return (0..<40).map {
                  0.04 / Float(count).squareRoot() + address.normal(column: $0) / 10
                }
              }, draws: 100)
          )
        })
      guard let fit else { continue }
      slopes.append(fit.slope)
      if abs(fit.slope + 0.5) < fit.margin { held += 1 }
    }
    #expect(slopes.count > 40)
    #expect(Double(held) > 0.85 * Double(slopes.count))
    let estimate = LogWeights.Estimate(slopes)
    #expect(abs(estimate.mean + 0.5) < 0.08, "\(estimate)")
  }

  @Test func noiseHasNoSlopeAndNoNumberIsNoGradient() {
    let noise = [1, 2, 4].map { count in
      (
        count: count,
        signal: GradientSignal(
          blockMeans: blocks(mean: 0, count: 20, width: 500, draws: 4), draws: 4)
      )
    }
    #expect(SignalSlope(noise) == nil)
    #expect(noise.allSatisfy { $0.signal.isFinite })
    let infinite = GradientSignal(
      blockMeans: (0..<4).map { [Float($0), $0 == 2 ? .nan : 1] }, draws: 1)
    #expect(!infinite.isFinite)
  }

  @Test func studentsQuantilesAreThoseOfTables() {
    for (freedom, value) in [(5, 2.571), (9, 2.262), (19, 2.093), (60, 2.000)] {
      #expect(abs(StudentT.quantile975(freedom) - value) < 5e-3)
    }
  }

  /// Every column of the probe is the gradient that a step of its own computes.
  @Test(arguments: [1, 2], [Posterior.gaussian, .full, .flow(steps: 2, hidden: [3], context: 1)])
  func oneWalkServesEveryEstimator(layers: Int, lowest: Posterior) throws {
    var model = Model(
      dataSize: 5,
      encoder: [.init(hidden: [4], latent: 3), .init(hidden: [3], latent: 2)].prefix(layers).map {
        $0
      },
      decoder: [.init(hidden: [3]), .init(hidden: [4])].suffix(layers).map { $0 })
    model.encoder[0].posterior = lowest
    let parameters = model.initialParameters(seed: 3, mean: Array(repeating: 0.4, count: 5))
    let images = ImageSet(name: "bits", values: .bytes([1, 0, 1, 1, 0, 0, 0, 1, 1, 1]), width: 5)
    let data = try ResidentSet(images, for: model, name: "probe")
    var configuration = StepConfiguration(
      batchSize: 2, groups: 2, samples: 3, objective: .iwae, source: data.batchSource(.none),
      optimizer: nil)
    let all =
      GradientEstimator.all(beta: 0.3, alpha: 0.4) + [GradientEstimator(.elbo(freeBits: 0.1))]
    #expect(all.count == 23)
    let isClosed = model.encoder[layers - 1].posterior == .gaussian
    let estimators = all.filter { isClosed || !$0.objective.isClosedForm }
    let device = ReferenceDevice()
    let probe = try GradientProbe(model, configuration, estimators: estimators)
    let memory = try device.allocate(
      model.parameters + data.tensors + probe.targets.flatMap(\.self))
    for (tensor, values) in parameters { try memory.upload(values, to: tensor) }
    try data.upload(to: memory)
    var control = Control()
    control.step = 5
    for program in probe.programs { try device.compile(program, on: memory).run(control) }
    for (estimator, columns) in zip(estimators, probe.columns) {
      configuration.objective = estimator.objective
      configuration.estimator = estimator.estimator
      let step = try Step.build(model, configuration)
      try device.compile(step.program, on: memory).run(control)
      let targets = probe.targets[columns.encoder] + probe.targets[columns.decoder]
      for (parameter, target) in zip(model.parameters, targets) {
        let expected = try memory.floats(parameter.counterpart(.gradient))
        let found = try memory.floats(target)
        #expect(
          zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 * (1 + abs($1)) },
          "\(estimator.name): \(parameter.name)")
      }
    }
  }

  /// Rainforth et al.'s slopes, on their linear model with fewer dimensions.
  @Test func theSlopesOfTheoryComeOut() throws {
    let density = LinearGaussian(dimensions: 5)
    let parameters = density.parameters(widening: 4 / 3.0, perturbation: 0.01)
    let images = density.images(count: 8, seed: 0)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let estimators = [GradientEstimator(.iwae), GradientEstimator(.iwae, .dreg)]
    var configuration = SignalConfiguration()
    configuration.batchSize = 8
    let measured = try [8, 16, 32, 64].map { samples in
      configuration.samples = samples
      return try #require(
        try GradientSignal.measure(
          density.model, parameters: parameters, images: images, configuration,
          estimators: estimators, device: device))
    }
    func slope(_ index: Int, _ path: KeyPath<EstimatorSignal, GradientSignal>) throws -> SignalSlope
    {
      try #require(
        SignalSlope(
          zip([8, 16, 32, 64], measured).map { (count: $0, signal: $1[index][keyPath: path]) }))
    }
    let standard = try slope(0, \.encoder)
    #expect(abs(standard.slope + 0.5) < 0.15 && standard.margin < 0.3)
    let doubled = try slope(1, \.encoder)
    #expect(abs(doubled.slope - 0.5) < 0.1)
    for index in 0...1 { #expect(abs(try slope(index, \.decoder).slope - 0.5) < 0.05) }
  }
}
