import Compute
import Datasets
import Foundation
import ReferenceDevice
import Testing

@testable import IWAE

/// Priors whose units depend on each other.
@Suite struct JointPriorTests {
  private static let images: [Float] = [1, 0, 1, 1, 0, 1, 0, 0]

  private static func model(_ prior: Prior) -> Model {
    Model(
      dataSize: 4, encoder: [.init(hidden: [5], latent: 3)], decoder: [.init(hidden: [5])],
      prior: prior)
  }

  private func parameters(of model: Model) -> [Tensor: [Float]] {
    var result: [Tensor: [Float]] = [:]
    for (index, tensor) in model.parameters.enumerated() {
      let address = NoiseAddress(seed: 5, purpose: .data, time: 1, image: UInt32(index))
      result[tensor] = (0..<tensor.shape.count).map { 0.4 * address.normal(column: $0) }
    }
    return result
  }

  /// log p(z) of latents, from loops.
  private func logDensity(
    _ z: [Float], logits: [Float], mean: [Float], logSigma: [Float]
  ) -> Double {
    let width = z.count
    let terms = logits.indices.map { component in
      (0..<width).reduce(Double(logits[component])) { total, unit in
        let (m, s) = (
          Double(mean[component * width + unit]), Double(logSigma[component * width + unit])
        )
        let distance = (Double(z[unit]) - m) / exp(s)
        return total - 0.5 * distance * distance - s - 0.5 * log(2 * Double.pi)
      }
    }
    let total = logits.reduce(0) { $0 + exp(Double($1)) }
    let largest = terms.max() ?? 0
    return largest + log(terms.reduce(0) { $0 + exp($1 - largest) }) - log(total)
  }

  /// log p(x, h) less log p(x|h), which is the decoder's.
  private func priorDensities(
    _ model: Model, _ parameters: [Tensor: [Float]], at latents: [[Float]]
  ) throws -> [Double] {
    let image = Array(Self.images.prefix(4))
    func densities(_ prior: Prior) throws -> [Double] {
      var other = model
      other.prior = prior
      let own = parameters.filter { other.parameters.contains($0.key) }
      return try Generator(other, parameters: own, device: ReferenceDevice())
        .logDensities(of: image, at: latents)
    }
    let (own, normal) = (try densities(model.prior), try densities(.standardNormal))
    return zip(latents, zip(own, normal)).map { z, values in
      let standard = z.reduce(0) { $0 - 0.5 * Double($1 * $1) - 0.5 * log(2 * Double.pi) }
      return values.0 - values.1 + standard
    }
  }

  private let latents: [[Float]] = [[0.3, -1, 2], [0, 0, 0], [-40, 3, 1.5]]

  @Test func aMixtureIsTheSumOfItsComponents() throws {
    let model = Self.model(.mixture(3))
    let parameters = parameters(of: model)
    let values = model.priorParameters.map { parameters[$0] ?? [] }
    let found = try priorDensities(model, parameters, at: latents)
    for (z, found) in zip(latents, found) {
      let expected = logDensity(z, logits: values[0], mean: values[1], logSigma: values[2])
      #expect(abs(found - expected) < 1e-5 * max(1, abs(expected)), "\(z)")
    }
  }

  /// A VampPrior whose inputs are the data of a set of two images, by hand.
  @Test func aVampPriorIsTheMeanOfItsInputsPosteriors() throws {
    let model = Self.model(.vamp(2))
    var parameters = parameters(of: model)
    // sigmoid(+-20) is 1 and 0 in single precision's reach.
    parameters[model.priorParameters[0]] = Self.images.map { $0 == 1 ? 20 : -20 }
    let rows = [Array(Self.images.prefix(4)), Array(Self.images.suffix(4))]
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let heads = try generator.encode(rows, seed: nil).heads[0]
    let addresses = (0..<5).map { NoiseAddress(seed: 3, purpose: .generation, image: $0) }
    let drawn = Components.draw(logits: [0, 0], mean: heads[0], logSigma: heads[1], addresses)
    for (found, expected) in zip(try generator.priorDraws(addresses), drawn) {
      #expect(abs(found - expected) < 1e-5)
    }
    let found = try priorDensities(model, parameters, at: latents)
    for (z, found) in zip(latents, found) {
      let expected = logDensity(z, logits: [0, 0], mean: heads[0], logSigma: heads[1])
      #expect(abs(found - expected) < 1e-5 * max(1, abs(expected)), "\(z)")
    }
  }

  @Test func aMixtureOfOneIsTheGaussian() throws {
    let model = Self.model(.mixture(1))
    var parameters = parameters(of: model)
    for tensor in model.priorParameters {
      parameters[tensor] = Array(repeating: 0, count: tensor.shape.count)
    }
    for (z, found) in zip(latents, try priorDensities(model, parameters, at: latents)) {
      let expected = z.reduce(0) { $0 - 0.5 * Double($1 * $1) - 0.5 * log(2 * Double.pi) }
      #expect(abs(found - expected) < 1e-6 * abs(expected))
    }
  }

  private func split(_ values: [Float]) -> [[Float]] {
    stride(from: 0, to: values.count, by: 3).map { Array(values[$0..<$0 + 3]) }
  }

  /// A flow whose steps do nothing is the standard normal distribution.
  @Test func aFlowOfZeroWeightsMovesNothing() throws {
    let model = Self.model(.flow(steps: 2, hidden: [4]))
    var parameters = parameters(of: model)
    for tensor in model.priorParameters {
      parameters[tensor] = Array(repeating: 0, count: tensor.shape.count)
    }
    for (z, found) in zip(latents, try priorDensities(model, parameters, at: latents)) {
      let expected = z.reduce(0) { $0 - 0.5 * Double($1 * $1) - 0.5 * log(2 * Double.pi) }
      #expect(abs(found - expected) < 1e-6 * abs(expected))
    }
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let address = NoiseAddress(seed: 3, purpose: .generation, time: 0, image: 1)
    #expect(
      try Array(generator.priorDraws(count: 2, seed: 3).suffix(3))
        == (0..<3).map { address.normal(column: $0) })
  }

  /// Importance sampling: the mean of p(z) / N(z; 0, 4 I) over draws of the latter is 1.
  @Test func aFlowIsAProbability() throws {
    let model = Self.model(.flow(steps: 3, hidden: [4]))
    let parameters = parameters(of: model)
    let latents: [[Float]] = (0..<20_000).map { row in
      let address = NoiseAddress(seed: 9, purpose: .data, time: 3, image: UInt32(row))
      return (0..<3).map { 2 * address.normal(column: $0) }
    }
    let densities = try priorDensities(model, parameters, at: latents)
    let ratios = zip(latents, densities).map { z, density in
      exp(density - z.reduce(0) { $0 - Double($1 * $1) / 8 - 0.5 * log(8 * Double.pi) })
    }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    let variance = ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(ratios.count)
    let error = (variance / Double(ratios.count)).squareRoot()
    #expect(abs(mean - 1) < 5 * error && error < 0.05, "\(mean) +- \(error)")
  }

  @Test func drawsFollowTheDensity() throws {
    let model = Self.model(.mixture(2))
    var parameters = parameters(of: model)
    let tensors = model.priorParameters
    parameters[tensors[0]] = [Float(log(3.0)), 0]
    parameters[tensors[1]] = [-5, 1, 2, 5, -1, -2]
    parameters[tensors[2]] = Array(repeating: -2, count: 6)
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let drawn = split(try generator.priorDraws(count: 4000, seed: 3))
    let first = drawn.filter { $0[0] < 0 }
    // A share of three quarters, within five standard errors.
    let share = Double(first.count) / 4000
    #expect(abs(share - 0.75) < 5 * (0.75 * 0.25 / 4000).squareRoot())
    for (unit, mean) in [-5.0, 1, 2].enumerated() {
      let values = first.map { Double($0[unit]) }
      let found = values.reduce(0, +) / Double(values.count)
      #expect(abs(found - mean) < 5 * exp(-2) / Double(values.count).squareRoot())
    }
  }

  @Test(
    arguments: [Prior.mixture(3), .vamp(3), .flow(steps: 3, hidden: [4])],
    [Objective.vae, .iwae, .piwae, .ciwae(beta: 0.3)])
  func dividedStepsHaveTheSameGradients(prior: Prior, objective: Objective) throws {
    let model = Self.model(prior)
    let step = DividedStep(
      model: model, parameters: parameters(of: model),
      images: ImageSet(name: "bits", values: .floats(Self.images), width: 4), order: [1, 0],
      batchSize: 1, groups: 2, objective: objective)
    try DividedStep.expectSame(
      try step.gradients(.samples(4)), try step.gradients(.whole), "\(objective)")
  }

  @Test func inputsStartAtImagesOrAtTheirMean() throws {
    let model = Self.model(.vamp(3))
    let inputs = model.priorParameters[0]
    let images: [[Float]] = [[1, 0, 1, 1], [0, 1, 0, 0]]
    let ofImages = try #require(
      model.initialParameters(seed: 1, mean: [0.5, 0.5, 0.5, 0.5], images: images)[inputs])
    let ends = images.map { $0.map { $0 == 1 ? Float(log(19.0)) : -Float(log(19.0)) } }
    for (row, image) in ends.enumerated() {
      for (found, expected) in zip(ofImages[4 * row..<4 * row + 4], image) {
        #expect(abs(found - expected) < 1e-5)
      }
    }
    // The first image again, but apart from it.
    #expect(Set(ofImages).count == 2 + 4)
    let holed = try #require(
      model.initialParameters(seed: 1, mean: [0.5, 0.5, 0.5, 0.5], images: [[1, .nan, 1, 0]])[
        inputs])
    #expect(holed.allSatisfy(\.isFinite) && holed[1] == 0)
    let mean = Array(repeating: 0.5, count: 4)
    let ofMean = try #require(model.initialParameters(seed: 1, mean: mean)[inputs])
    #expect(Set(ofMean).count == 12 && ofMean.allSatisfy { abs($0) < 5 })
  }

  /// No two components are one, however few the images.
  @Test func inputsOfFewImagesStartApart() throws {
    let model = Self.model(.vamp(5))
    let trainer = try Trainer(
      model, TrainingConfiguration(objective: .iwae, samples: 2, batchSize: 2, passes: 1, seed: 1),
      images: ImageSet(name: "two", values: .floats(Self.images), width: 4),
      device: ReferenceDevice())
    let inputs = try #require(try trainer.state()[model.priorParameters[0]])
    let rows = stride(from: 0, to: inputs.count, by: 4).map { Array(inputs[$0..<$0 + 4]) }
    #expect(rows.count == 5 && Set(rows).count == 5)
    for (row, image) in zip(rows, [Self.images.prefix(4), Self.images.suffix(4)]) {
      #expect(row.map { $0 > 0 } == image.map { $0 == 1 })
    }
  }

  @Test(arguments: [
    (
      Model(
        dataSize: 4, encoder: [.init(hidden: [], latent: 3), .init(hidden: [], latent: 2)],
        decoder: [.init(hidden: []), .init(hidden: [])], prior: .vamp(2)),
      "the prior 'vamp' is of one stochastic layer, found 2."
    ),
    (
      Model(
        dataSize: 4, encoder: [.init(hidden: [], latent: 3, posterior: .bernoulli)],
        decoder: [.init(hidden: [])]),
      "the posterior 'bernoulli' and the prior 'bernoulli' go together, found the posterior "
        + "'bernoulli' with the prior 'standard-normal'."
    ),
    (
      Model(
        dataSize: 4, encoder: [.init(hidden: [], latent: 3)], decoder: [.init(hidden: [])],
        prior: .bernoulli),
      "the posterior 'bernoulli' and the prior 'bernoulli' go together, found the posterior "
        + "'gaussian' with the prior 'bernoulli'."
    ),
  ])
  func whatDoesNotGoTogetherIsRefused(model: Model, problem: String) {
    #expect(model.problem == problem)
  }
}
