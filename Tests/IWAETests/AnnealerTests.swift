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
    let configuration = AnnealingConfiguration(chains: 16, temperatures: 60)
    let annealer = try Annealer(
      density.model, parameters: parameters, images: simulation.images, configuration,
      device: device)
    let images = try #require(try annealer.anneal(posterior: simulation.latents))
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
    #expect(upper - lower > 0 && upper - lower < 1)
    #expect(abs(mean(images.compactMap(\.acceptance)) - 0.65) < 0.1)
  }

  /// Annealing is right for layers upon layers too: it meets importance sampling from the prior, which
  /// is annealing in one step, without transitions.
  @Test func annealingMeetsSamplingWithTwoLayers() throws {
    let model = Model(
      dataSize: 6, encoder: [.init(hidden: [5], latent: 3), .init(hidden: [4], latent: 2)],
      decoder: [.init(hidden: [4]), .init(hidden: [5])])
    let parameters = model.initialParameters(seed: 8, mean: Array(repeating: 0.4, count: 6))
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let generator = Generator(model, parameters: parameters, device: device)
    let simulation = try generator.simulate(count: 7, seed: 1)
    func anneal(temperatures: Int, chains: Int) throws -> [AnnealedImage] {
      // The last batch is not full.
      let configuration = AnnealingConfiguration(
        chains: chains, temperatures: temperatures, batchSize: 4)
      let annealer = try Annealer(
        model, parameters: parameters, images: simulation.images, configuration, device: device)
      return try #require(try annealer.anneal(posterior: simulation.latents))
    }
    let annealed = try anneal(temperatures: 40, chains: 64)
    let sampled = try anneal(temperatures: 1, chains: 4096)
    #expect(annealed.count == 7)
    for (image, prior) in zip(annealed, sampled) {
      let error = (prior.forward.bound(4096).squaredError ?? .nan).squareRoot()
      #expect(error < 0.03)
      #expect(abs(image.lower - prior.lower) < 0.05 + 3 * error)
      #expect(abs((image.upper ?? .nan) - prior.lower) < 0.05 + 3 * error)
    }
    // The encoder's samples are worse, and so is their estimate.
    let evaluation = try #require(
      try Evaluator(
        model, parameters: parameters, images: simulation.images, device: device, samples: 20_000,
        binarization: .none
      ).evaluate())
    for (index, image) in annealed.enumerated() {
      let error = 1 / evaluation.effectiveSampleSizes[index].squareRoot()
      #expect(abs(image.lower - evaluation.imageLogLikelihoods[index]) < 0.05 + 4 * error)
    }
  }

  @Test func devicesAgree() throws {
    let density = LinearGaussian()
    let parameters = density.parameters(widening: 1.5)
    let images = density.images(count: 2, seed: 0)
    let configuration = AnnealingConfiguration(chains: 2, temperatures: 3, leapfrogSteps: 2)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let results = try [ReferenceDevice() as any Device, device].map {
      try #require(
        try Annealer(
          density.model, parameters: parameters, images: images, configuration, device: $0
        ).anneal())
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

  @Test func temperaturesRiseFromTheFirstToTheLast() {
    let configuration = AnnealingConfiguration(temperatures: 7)
    let temperatures = (0...7).map(configuration.temperature)
    #expect(temperatures.first == 0 && temperatures.last == 1)
    #expect(zip(temperatures, temperatures.dropFirst()).allSatisfy { $0 < $1 })
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
