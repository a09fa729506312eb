import Compute
import Foundation
import IWAE

/// The model whose density is the data's own.
extension LinearGaussian {
  /// One stochastic layer without hidden units.
  public var model: Model {
    Model(
      dataSize: width, likelihood: .gaussian, encoder: [.init(hidden: [], latent: latents)],
      decoder: [.init(hidden: [])])
  }

  /// The parameters that make the model's density the data's, and its encoder the posterior's mean.
  ///
  /// - Parameters:
  ///   - widening: The variance of the encoder over the posterior's. An encoder knows no correlations,
  ///     so 1 is not the posterior; with more, weights have lighter tails.
  ///   - perturbation: The standard deviation of normal noise that is added to every parameter.
  ///   - seed: The seed of that noise.
  public func parameters(
    widening: Double, perturbation: Double = 0, seed: UInt64 = 0
  ) -> [Tensor: [Float]] {
    let precision = noise * noise
    let covariance = posteriorCovariance(of: 0..<width)
    var gain = [Double](repeating: 0, count: latents * width)
    for i in 0..<latents {
      for row in 0..<width {
        for j in 0..<latents {
          gain[i * width + row] +=
            covariance[i * latents + j] * weights[row * latents + j] / precision
        }
      }
    }
    let values: [String: [Double]] = [
      "encoder.0.mean.weight": gain,
      "encoder.0.mean.bias": (0..<latents).map { i in
        (0..<width).reduce(0) { $0 - gain[i * width + $1] * offset[$1] }
      },
      "encoder.0.log_sigma.bias": (0..<latents).map {
        log(widening * covariance[$0 * latents + $0]) / 2
      },
      "decoder.0.mean.weight": weights, "decoder.0.mean.bias": offset,
      "decoder.0.log_sigma.bias": Array(repeating: log(noise), count: width),
    ]
    var result: [Tensor: [Float]] = [:]
    for (index, parameter) in model.parameters.enumerated() {
      let exact = values[parameter.name] ?? Array(repeating: 0, count: parameter.shape.count)
      let address = NoiseAddress(
        seed: seed, purpose: .initialization, time: 1, image: UInt32(index))
      result[parameter] = exact.enumerated().map { column, value in
        Float(value + perturbation * Double(address.normal(column: column)))
      }
    }
    return result
  }

  /// The covariance of z given some of the values: the inverse of I + W^T W / s^2 over their rows.
  func posteriorCovariance(of rows: some Sequence<Int>) -> [Double] {
    var precision = (0..<latents * latents).map { $0 % (latents + 1) == 0 ? 1.0 : 0 }
    for row in rows {
      for i in 0..<latents {
        for j in 0..<latents {
          precision[i * latents + j] +=
            weights[row * latents + i] * weights[row * latents + j] / (noise * noise)
        }
      }
    }
    return inverse(precision)
  }

  /// The inverse of a positive definite matrix, by Gauss and Jordan.
  private func inverse(_ matrix: [Double]) -> [Double] {
    let size = latents
    var left = matrix
    var right = (0..<size * size).map { $0 % (size + 1) == 0 ? 1.0 : 0 }
    for pivot in 0..<size {
      let scale = left[pivot * size + pivot]
      for column in 0..<size {
        left[pivot * size + column] /= scale
        right[pivot * size + column] /= scale
      }
      for row in 0..<size where row != pivot {
        let factor = left[row * size + pivot]
        for column in 0..<size {
          left[row * size + column] -= factor * left[pivot * size + column]
          right[row * size + column] -= factor * right[pivot * size + column]
        }
      }
    }
    return right
  }
}
