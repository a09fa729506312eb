import Compute
import Foundation
import IWAE

/// Data whose exact log-likelihood is known: x = W z + b + s e, with z and e standard normal.
public struct LinearGaussian: Sendable {
  public let width: Int
  public let latents: Int
  public let noise: Double
  /// W, `(width, latents)`.
  public let weights: [Double]
  public let offset: [Double]

  /// The built-in data: 12 values from 3 latents.
  public init() {
    (width, latents, noise) = (12, 3, 0.5)
    let weightAddress = NoiseAddress(seed: 1, purpose: .data, time: 1)
    weights = (0..<width * latents).map { Double(weightAddress.normal(column: $0)) }
    let offsetAddress = NoiseAddress(seed: 1, purpose: .data, time: 2)
    offset = (0..<width).map { Double(offsetAddress.normal(column: $0)) }
  }

  /// The model of Rainforth et al.'s experiments on signal and noise: W = I and s = 1, with a random
  /// mean.
  public init(dimensions: Int) {
    (width, latents, noise) = (dimensions, dimensions, 1)
    weights = (0..<dimensions * dimensions).map { $0 % (dimensions + 1) == 0 ? 1 : 0 }
    let address = NoiseAddress(seed: 1, purpose: .data, time: 5)
    offset = (0..<dimensions).map { Double(address.normal(column: $0)) }
  }

  /// Any such data.
  ///
  /// - Parameters:
  ///   - weights: W, `(width, latents)`.
  ///   - offset: b.
  ///   - noise: s.
  public init(weights: [Double], offset: [Double], noise: Double) {
    precondition(!offset.isEmpty && weights.count % offset.count == 0 && !weights.isEmpty)
    (width, latents) = (offset.count, weights.count / offset.count)
    (self.weights, self.offset, self.noise) = (weights, offset, noise)
  }

  /// Independent draws; the n-th depends on the seed and n alone.
  public func images(count: Int, seed: UInt64) -> ImageSet {
    var values: [Float] = []
    values.reserveCapacity(count * width)
    for index in 0..<count {
      let address = NoiseAddress(seed: seed, purpose: .data, time: 3, image: UInt32(index))
      let z = (0..<latents).map { Double(address.normal(column: $0)) }
      for row in 0..<width {
        var x = offset[row] + noise * Double(address.normal(column: 64 + row))
        for j in 0..<latents { x += weights[row * latents + j] * z[j] }
        values.append(Float(x))
      }
    }
    return ImageSet(name: "linear-gaussian", values: .floats(values), width: width)
  }

  /// log N(x; b, W W^T + s^2 I), by Cholesky's decomposition, of the values that are not missing.
  public func logLikelihood(_ x: [Float]) -> Double {
    let known = x.indices.filter { !x[$0].isNaN }
    let size = known.count
    var factor = [Double](repeating: 0, count: size * size)
    for (i, row) in known.enumerated() {
      for (j, other) in known[...i].enumerated() {
        var sum = i == j ? noise * noise : 0
        for k in 0..<latents { sum += weights[row * latents + k] * weights[other * latents + k] }
        for k in 0..<j { sum -= factor[i * size + k] * factor[j * size + k] }
        factor[i * size + j] = i == j ? sum.squareRoot() : sum / factor[j * size + j]
      }
    }
    // Solve L y = x - b; then log p = -y.y / 2 - log det L - n log(2 pi) / 2.
    var y = [Double](repeating: 0, count: size)
    var result = -0.5 * Double(size) * log(2 * Double.pi)
    for (i, row) in known.enumerated() {
      var sum = Double(x[row]) - offset[row]
      for k in 0..<i { sum -= factor[i * size + k] * y[k] }
      y[i] = sum / factor[i * size + i]
      result -= 0.5 * y[i] * y[i] + log(factor[i * size + i])
    }
    return result
  }

  /// The mean of every value given those that are not missing: W E[z|x] + b, where z given x has the
  /// precision I + W^T W / s^2 over the rows of W that are known.
  public func conditionalMean(_ x: [Float]) -> [Double] {
    let known = x.indices.filter { !x[$0].isNaN }
    let covariance = posteriorCovariance(of: known)
    let projected = (0..<latents).map { j in
      known.reduce(0) { sum, row in
        sum + weights[row * latents + j] * (Double(x[row]) - offset[row]) / (noise * noise)
      }
    }
    let z = (0..<latents).map { i in
      (0..<latents).reduce(0) { $0 + covariance[i * latents + $1] * projected[$1] }
    }
    return (0..<width).map { row in
      (0..<latents).reduce(offset[row]) { $0 + weights[row * latents + $1] * z[$1] }
    }
  }
}
