import Compute
import Foundation
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

@Suite struct GeneratorTests {
  /// A small model, every parameter of which counts.
  private func parameters(of model: Model) -> [Tensor: [Float]] {
    let seed: UInt64 = 11
    return Dictionary(
      uniqueKeysWithValues: model.parameters.enumerated().map { index, tensor in
        let address = NoiseAddress(seed: seed, purpose: .data, time: 3, image: UInt32(index))
        return (tensor, (0..<tensor.shape.count).map { 0.7 * address.normal(column: $0) })
      })
  }

  /// log p(x, h), written out.
  private func logDensity(
    _ image: [Float], _ latent: [Float], _ model: Model, _ parameters: [Tensor: [Float]]
  ) throws -> Double {
    func dense(_ name: String, _ input: [Double]) throws -> [Double] {
      func values(_ kind: String) throws -> [Double] {
        let found = parameters.first { $0.key.name == "\(name).\(kind)" }
        return try #require(found).value.map(Double.init)
      }
      let (weight, bias) = (try values("weight"), try values("bias"))
      return bias.indices.map { row in
        input.indices.reduce(bias[row]) { $0 + weight[row * input.count + $1] * input[$1] }
      }
    }
    let h = latent.map(Double.init)
    var result = h.reduce(0) { $0 - $1 * $1 / 2 - log(2 * Double.pi) / 2 }
    let hidden = try dense("decoder.0.hidden.0", h).map(tanh)
    if model.likelihood == .bernoulli {
      for (x, logit) in zip(image, try dense("decoder.0.logits", hidden)) {
        result += Double(x) * logit - log1p(exp(logit))
      }
    } else {
      let (means, logSigmas) = (
        try dense("decoder.0.mean", hidden), try dense("decoder.0.log_sigma", hidden)
      )
      for (pixel, x) in image.enumerated() {
        let z = (Double(x) - means[pixel]) / exp(logSigmas[pixel])
        result -= z * z / 2 + logSigmas[pixel] + log(2 * Double.pi) / 2
      }
    }
    return result
  }

  @Test(arguments: [Likelihood.bernoulli, .gaussian])
  func densitiesAreThoseOfAPlainLoop(_ likelihood: Likelihood) throws {
    let model = Model(
      dataSize: 5, likelihood: likelihood, encoder: [.init(hidden: [3], latent: 2)],
      decoder: [.init(hidden: [4])])
    let parameters = parameters(of: model)
    let image: [Float] = [1, 0, 1, 1, 0]
    let latents: [[Float]] = [
      [0, 0], [1.5, 0], [0, 1.5], [-2, 0.25], [0.25, -2], [3, 3], [-0.5, -4],
    ]
    for device in [ReferenceDevice() as any Device, try OpenCLDevice.open(.automatic)] {
      defer { device.close() }
      // Batches that do not divide the latents.
      let found = try Generator(model, parameters: parameters, device: device)
        .logDensities(of: image, at: latents, batchSize: 3)
      #expect(found.count == latents.count)
      for (density, latent) in zip(found, latents) {
        let expected = try logDensity(image, latent, model, parameters)
        #expect(
          abs(density - expected) < 1e-5 * max(1, abs(expected)), "\(device.name) at \(latent)")
      }
      // The latents are told apart.
      #expect(abs(found[1] - found[2]) > 0.05 && abs(found[3] - found[4]) > 0.05)
    }
  }

  /// A count is looked for among the first million; what is beyond, and what is no number, is named.
  @Test(arguments: [
    (30, "log_rate = 30.0, log_dispersion = 0.0. It is none of the first 1000000,"),
    (Float.infinity, "log_rate = inf, log_dispersion = 0.0. These must be finite:"),
  ])
  func whatCannotBeDrawnIsNamed(rate: Float, reason: String) throws {
    let model = Model(
      dataSize: 3, likelihood: .negativeBinomial, encoder: [.init(hidden: [], latent: 2)],
      decoder: [.init(hidden: [])])
    var parameters: [Tensor: [Float]] = [:]
    for tensor in model.parameters {
      parameters[tensor] = Array(repeating: 0, count: tensor.shape.count)
    }
    parameters[model.decoderNetworks[0].heads[0].bias] = [0, rate, 0]
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let error = #expect(throws: DrawError.self) { try generator.simulate(count: 1, seed: 2) }
    let start = "Image 1, value 2 could not be drawn from the likelihood 'negative-binomial' with "
    let description = try #require(error).description
    #expect(description.hasPrefix(start + reason), "\(description)")
  }
}
