import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

@Suite struct AnnealerTests {
  private func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  @Test func exactDensityLiesBetweenBothSides() throws {
    let density = LinearGaussian()
    let parameters = density.parameters(widening: 1.5)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let generator = Generator(density.model, parameters: parameters, device: device)
    let simulation = try generator.simulate(count: 30, seed: 4)
    let configuration = AnnealingConfiguration(chains: 16, temperatures: [60])
    let annealer = try Annealer(
      density.model, parameters: parameters, images: simulation.images, configuration,
      device: device)
    let images = try #require(try annealer.anneal(posterior: simulation.latents))[0]
    let exact = mean((0..<30).map { density.logLikelihood(simulation.images.pixels(of: $0)) })
    let lower = mean(images.map(\.lower))
    let upper = mean(images.compactMap(\.upper))
    // Each image has one sample of its posterior: only other images tell the error from above.
    func error(_ values: [Double]) -> Double {
      (LogWeights.Estimate(values).squaredError ?? .nan).squareRoot()
    }
    let each = (0..<30).map { density.logLikelihood(simulation.images.pixels(of: $0)) }
    #expect(lower < exact + 3 * error(zip(images, each).map { $0.lower - $1 }))
    #expect(upper > exact - 3 * error(zip(images, each).map { ($0.upper ?? .nan) - $1 }))
    #expect(abs(upper - lower) < 0.1, "\(upper - lower)")
    #expect(mean(images.compactMap(\.acceptance)) > 0.6)
  }

  /// Annealing is right for layers upon layers too: it meets samples of the prior, weighed in double
  /// precision.
  @Test func annealingMeetsSamplingWithTwoLayers() throws {
    let model = Model(
      dataSize: 6, encoder: [.init(hidden: [5], latent: 3), .init(hidden: [4], latent: 2)],
      decoder: [.init(hidden: [4]), .init(hidden: [5])])
    let parameters = model.initialParameters(seed: 8, mean: Array(repeating: 0.4, count: 6))
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let generator = Generator(model, parameters: parameters, device: device)
    let simulation = try generator.simulate(count: 7, seed: 1)
    // The last batch is not full.
    let annealer = try Annealer(
      model, parameters: parameters, images: simulation.images,
      AnnealingConfiguration(chains: 64, temperatures: [40], batchSize: 4), device: device)
    let annealed = try #require(try annealer.anneal(posterior: simulation.latents))[0]
    #expect(annealed.count == 7)
    let prior = TwoLayers(model, parameters)
    for (index, image) in annealed.enumerated() {
      let (exact, error) = prior.logLikelihood(simulation.images.pixels(of: index))
      #expect(error < 0.01)
      let own = (image.forward.bound(64).squaredError ?? .nan).squareRoot()
      #expect(own < 0.1)
      #expect(abs(image.lower - exact) < 3 * (error + own), "\(image.lower), \(exact)")
      // Chains back start together, so that nothing tells their error.
      #expect(
        abs((image.upper ?? .nan) - exact) < 0.2,
        "\(image.upper ?? .nan), \(exact), \(image.acceptance ?? .nan)")
    }
  }

  @Test func devicesAgree() throws {
    let density = LinearGaussian()
    let parameters = density.parameters(widening: 1.5)
    let images = density.images(count: 2, seed: 0)
    let configuration = AnnealingConfiguration(chains: 2, temperatures: [3], leapfrogSteps: 2)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let results = try [ReferenceDevice() as any Device, device].map {
      try #require(
        try Annealer(
          density.model, parameters: parameters, images: images, configuration, device: $0
        ).anneal())[0]
    }
    for (one, other) in zip(results[0], results[1]) { #expect(abs(one.lower - other.lower) < 0.05) }
  }

  @Test func stopsWhenAsked() throws {
    let density = LinearGaussian()
    let annealer = try Annealer(
      density.model, parameters: density.parameters(widening: 1.5),
      images: density.images(count: 2, seed: 0), AnnealingConfiguration(),
      device: ReferenceDevice())
    #expect(try annealer.anneal { _ in false } == nil)
  }

  /// A spread that falls from 3 to 1 along the temperatures: each step takes as much of its integral.
  @Test func stepsLoseAsMuch() {
    var plan = AnnealingPlan()
    for (index, temperature) in AnnealingPlan.grid.enumerated() {
      let spread = Float(3 - 2 * temperature)
      plan.add([-spread, spread, 0, .nan][...], at: index)
    }
    // A tenth of the mean over the grid is spread evenly.
    let even = plan.spreads.reduce(0, +) / Double(plan.spreads.count) / 10
    let schedule = plan.schedule(7)
    #expect(schedule.count == 8 && schedule.first == 0 && schedule.last == 1)
    func integral(_ end: Double) -> Double { (3 + even) * end - end * end }
    for (number, temperature) in schedule.enumerated() {
      #expect(abs(integral(temperature) - Double(number) / 7 * integral(1)) < 1e-3)
    }
    // Where nothing spreads, steps are even.
    for (number, temperature) in AnnealingPlan().schedule(4).enumerated() {
      #expect(abs(temperature - Double(number) / 4) < 1e-9)
    }
    #expect(AnnealingPlan().schedule(1) == [0, 1])
  }

  @Test func stepSizesFollowWhatIsAccepted() {
    var plan = AnnealingPlan()
    for _ in 0..<100 { plan.adapt(0, to: 0.8, at: 3) }
    #expect(plan.step(at: AnnealingPlan.grid[3]) < 1e-6)
    #expect(plan.step(at: AnnealingPlan.grid[1]) == 0.5)
    for _ in 0..<1000 { plan.adapt(1, to: 0.8, at: 5) }
    // Trajectories do not turn back.
    #expect(abs(plan.step(at: 1) - 0.75 * Double.pi) < 1e-9)
    let between = (AnnealingPlan.grid[4] + AnnealingPlan.grid[5]) / 2
    #expect(plan.step(at: between) > plan.step(at: AnnealingPlan.grid[3]))
  }
}

@Suite struct PosteriorFitTests {
  /// Of a Gaussian posterior with precision P, the best Gaussian without correlations has the variances
  /// 1 / P_ii, and lacks (sum log P_ii - log det P) / 2.
  @Test func theGapIsThatOfTheory() throws {
    let density = LinearGaussian()
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let images = density.images(count: 20, seed: 0)
    var configuration = PosteriorFitConfiguration()
    (configuration.steps, configuration.judgingSamples) = (300, 20_000)
    let fit = try PosteriorFit(
      density.model, parameters: density.parameters(widening: 1.5), images: images, configuration,
      device: device)
    let fitted = try #require(try fit.fit())
    let size = density.latents
    var precision = (0..<size * size).map { $0 % (size + 1) == 0 ? 1.0 : 0 }
    for i in 0..<size {
      for j in 0..<size {
        for row in 0..<density.width {
          precision[i * size + j] +=
            density.weights[row * size + i] * density.weights[row * size + j]
            / (density.noise * density.noise)
        }
      }
    }
    let p = precision
    let determinant =
      p[0] * (p[4] * p[8] - p[5] * p[7]) - p[1] * (p[3] * p[8] - p[5] * p[6])
      + p[2] * (p[3] * p[7] - p[4] * p[6])
    let expected =
      (naturalLogarithm(p[0] * p[4] * p[8]) - naturalLogarithm(determinant)) / 2
    let count = Double(images.count)
    let exact =
      (0..<images.count).reduce(0) { $0 + density.logLikelihood(images.pixels(of: $1)) } / count
    let bound = fitted.reduce(0) { $0 + $1.fittedBound.mean } / count
    #expect(abs(exact - bound - expected) < 0.01)
    for image in fitted {
      #expect(image.fittedBound.mean > image.bound.mean)
      #expect(abs(image.fittedBound.mean - image.bound.mean - image.gain.mean) < 1e-9)
    }
    func lateGain(_ images: [FittedImage]) -> Double {
      images.reduce(0) { $0 + $1.lateGain.mean } / count
    }
    // The steps were enough. Fewer are not, and it shows.
    #expect(abs(lateGain(fitted)) < 0.01, "\(lateGain(fitted))")
    configuration.steps = 8
    let short = try #require(
      try PosteriorFit(
        density.model, parameters: density.parameters(widening: 1.5), images: images, configuration,
        device: device
      ).fit())
    #expect(lateGain(short) > 0.03, "\(lateGain(short))")
  }

  /// With two layers the ascent moves the lowest layer's Gaussians alone.
  @Test func fitsBelowAnotherLayer() throws {
    let model = Model(
      dataSize: 6, encoder: [.init(hidden: [5], latent: 3), .init(hidden: [4], latent: 2)],
      decoder: [.init(hidden: [4]), .init(hidden: [5])])
    let parameters = model.initialParameters(seed: 8, mean: Array(repeating: 0.4, count: 6))
    let images = ImageSet(
      name: "bits", values: .bytes([1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1]), width: 6
    )
    var configuration = PosteriorFitConfiguration()
    (configuration.batchSize, configuration.steps) = (2, 60)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let fit = try PosteriorFit(
      model, parameters: parameters, images: images, configuration, device: device)
    let fitted = try #require(try fit.fit())
    #expect(fitted.count == 3)
    #expect(fitted.allSatisfy { $0.gain.mean > -0.01 })
  }
}

/// A model of two layers as loops over doubles, whose prior is sampled.
private struct TwoLayers {
  private let values: [String: [Double]]
  private let model: Model

  init(_ model: Model, _ parameters: [Tensor: [Float]]) {
    self.model = model
    values = Dictionary(
      uniqueKeysWithValues: parameters.filter { $0.key.role == .parameter }.map {
        ($0.key.name, $0.value.map(Double.init))
      })
  }

  private func layer(_ name: String, _ input: [Double]) -> [Double] {
    let (weight, bias) = (values["\(name).weight"] ?? [], values["\(name).bias"] ?? [])
    return bias.indices.map { row in
      input.indices.reduce(bias[row]) { $0 + weight[row * input.count + $1] * input[$1] }
    }
  }

  private func hidden(_ name: String, _ input: [Double]) -> [Double] {
    layer(name, input).map { 1 - 2 / (exponential(2 * $0) + 1) }
  }

  /// log p(x) by samples of the prior, and its error.
  func logLikelihood(_ image: [Float], samples: Int = 40_000) -> (Double, Double) {
    let weights = (0..<samples).map { sample -> Double in
      let address = NoiseAddress(seed: 5, purpose: .data, sample: UInt32(sample))
      let top = (0..<2).map { Double(address.normal(column: $0)) }
      let above = hidden("decoder.0.hidden.0", top)
      let (mean, logSigma) = (layer("decoder.0.mean", above), layer("decoder.0.log_sigma", above))
      let low = (0..<3).map {
        mean[$0] + exponential(logSigma[$0]) * Double(address.normal(column: 16 + $0))
      }
      let logits = layer("decoder.1.logits", hidden("decoder.1.hidden.0", low))
      return logits.indices.reduce(0) {
        $0 + Double(image[$1]) * logits[$1] - logarithmOfOnePlus(exponential(logits[$1]))
      }
    }
    let all = LogWeights(weights)
    return (all.logMean, (1 / all.effectiveSampleSize - 1 / Double(samples)).squareRoot())
  }
}
