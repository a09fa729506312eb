import Compute
import Datasets
import Foundation
import OpenCLDevice
import Testing

@testable import IWAE

/// A linear model with Gaussian noise and a mixture for its prior, whose density is a mixture of
/// Gaussians: with z of the component c as m + S e, data are W S e + (W m + b) and noise.
@Suite struct ExactMixtureTests {
  private static let data = LinearGaussian()
  private static let logits: [Float] = [0.5, 0, -1]
  private static let mean: [Float] = [0, 0, 0, 1.5, -1, 0.5, -1, 0.5, 2]
  private static let logSigma: [Float] = [0, -0.2, 0.1, -0.5, -0.4, -0.6, 0.2, -0.3, -0.7]

  private var model: Model {
    var model = Self.data.model
    model.prior = .mixture(3)
    return model
  }

  /// The data's decoder, and an encoder that is wide enough for all components.
  private var parameters: [Tensor: [Float]] {
    var result = Self.data.parameters(widening: 4)
    for (tensor, values) in zip(model.priorParameters, [Self.logits, Self.mean, Self.logSigma]) {
      result[tensor] = values
    }
    return result
  }

  /// log p of the values of x that are known.
  private func logLikelihood(_ x: [Float]) -> Double {
    let latents = Self.data.latents
    let terms = Self.logits.indices.map { component in
      func numbers(_ values: [Float]) -> [Double] {
        values[component * latents..<(component + 1) * latents].map(Double.init)
      }
      let (mean, sigma) = (numbers(Self.mean), numbers(Self.logSigma).map { exp($0) })
      let weights = Self.data.weights
      let gaussian = LinearGaussian(
        weights: weights.indices.map { weights[$0] * sigma[$0 % latents] },
        offset: Self.data.offset.enumerated().map { row, offset in
          (0..<latents).reduce(offset) { $0 + weights[row * latents + $1] * mean[$1] }
        }, noise: Self.data.noise)
      return Double(Self.logits[component]) + gaussian.logLikelihood(x)
    }
    let total = Self.logits.reduce(0) { $0 + exp(Double($1)) }
    let largest = terms.max() ?? 0
    return largest + log(terms.reduce(0) { $0 + exp($1 - largest) } / total)
  }

  private func simulate(_ count: Int, on device: any Device) throws -> Simulation {
    try Generator(model, parameters: parameters, device: device).simulate(count: count, seed: 4)
  }

  @Test(arguments: [false, true]) func evaluationMeetsTheExactDensity(hasHoles: Bool) throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    var images = try simulate(20, on: device).images
    if hasHoles {
      let mask = (0..<20 * Self.data.width).map { UInt8($0 % 5 == 2 ? 0 : 1) }
      images = images.masked(
        by: ImageSet(name: "mask", values: .bytes(mask), width: Self.data.width))
    }
    let found = try #require(
      try Evaluator(
        model, parameters: hasHoles ? wide : parameters, images: images, device: device,
        samples: 100_000, chunk: 2000
      ).evaluate())
    for index in 0..<20 {
      let exact = logLikelihood(images.pixels(of: index))
      // The relative error of the mean of weights that are worth so many equal ones.
      let error = 1 / found.effectiveSampleSizes[index].squareRoot()
      let estimate = found.imageLogLikelihoods[index]
      #expect(error < 0.1 && abs(estimate - exact) < 4 * error, "\(index): \(estimate), \(exact)")
    }
  }

  /// The same with an encoder that is wide enough for 0s in place of what is missing.
  private var wide: [Tensor: [Float]] {
    parameters.merging(
      Self.data.parameters(widening: 40).filter { $0.key.name.hasPrefix("encoder") }
    ) { $1 }
  }

  @Test func theExactDensityLiesBetweenBothSides() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let count = 20
    let simulation = try simulate(count, on: device)
    let annealer = try Annealer(
      model, parameters: parameters, images: simulation.images,
      AnnealingConfiguration(chains: 16, temperatures: [60]), device: device)
    let images = try #require(try annealer.anneal(posterior: simulation.latents))[0]
    let exact = (0..<count).map { logLikelihood(simulation.images.pixels(of: $0)) }
    /// The mean of some distances, and its error.
    func mean(_ values: [Double]) -> (Double, Double) {
      let error = LogWeights.Estimate(values).squaredError ?? .nan
      return (values.reduce(0, +) / Double(count), error.squareRoot())
    }
    let (below, belowError) = mean(zip(images, exact).map { $0.lower - $1 })
    let (above, aboveError) = mean(zip(images, exact).map { ($0.upper ?? .nan) - $1 })
    #expect(below < 3 * belowError && below > -1, "\(below) +- \(belowError)")
    #expect(above > -3 * aboveError && above < 1, "\(above) +- \(aboveError)")
  }
}
