import Artifacts
import Compute
import Foundation
import IWAE
import Report

/// The posterior of a latent of two dimensions, which a grid tells exactly.
extension Look {
  private static let side = 64
  /// The grid reaches so far from 0, in standard deviations of the prior.
  private static let reach = 4.0
  private static let draws = 4000

  func posterior() throws -> Result {
    guard model.encoder.count == 1, model.encoder[0].latent == 2 else {
      return .impossible(
        "a grid needs a single layer of two latents; train with '--layers 200,200:2'.")
    }
    let originals = originals(6)
    let encoding = try generator.encode(originals, seed: nil)
    let grid = Self.grid
    var panels: [[Float]] = []
    var distances: [Double] = []
    for (index, image) in originals.enumerated() {
      let mean = encoding.means[0][2 * index..<2 * index + 2].map(Double.init)
      let logSigma = encoding.logSigmas[0][2 * index..<2 * index + 2].map(Double.init)
      let truth = Self.normalized(try generator.logDensities(of: image, at: grid))
      let guess = Self.normalized(grid.map { Self.logGaussian($0, mean, logSigma) })
      let drawn = try resampled(image, mean, logSigma, number: index)
      distances.append(zip(truth, guess).reduce(0) { $0 + abs($1.0 - $1.1) } / 2)
      panels.append(Self.enlarged(image, width: width))
      panels += [truth, guess, drawn].map(Self.shaded)
    }
    let picture = ImageGrid(panels, imageWidth: Self.side, columns: 4)
    let png = try Inputs.wrap { () throws(FileAccessError) in try picture.png() }
    let distance = distances.reduce(0, +) / Double(distances.count)
    return .drawn(
      Figure(
        name: "posterior", title: "The posterior of two latents, as it is and as it is drawn",
        summary: String(
          format:
            "In each row: a test image; its posterior, computed on a grid from -%.0f to %.0f; "
            + "what the encoder says it is; and samples drawn by their weights. The encoder's lies at "
            + "a total variation of %.2f from the posterior, from 0 for the same to 1.", Self.reach,
          Self.reach, distance),
        content: .picture(PictureFigure(png: png, width: picture.width, height: picture.height))))
  }

  /// Points row by row: the first latent to the right, the second upwards.
  private static var grid: [[Float]] {
    func place(_ index: Int) -> Float {
      Float(reach * (2 * (Double(index) + 0.5) / Double(side) - 1))
    }
    return (0..<side * side).map { [place($0 % side), place(side - 1 - $0 / side)] }
  }

  private static func logGaussian(
    _ point: [Float], _ mean: [Double], _ logSigma: [Double]
  ) -> Double {
    point.indices.reduce(0) { sum, index in
      let z = (Double(point[index]) - mean[index]) * exp(-logSigma[index])
      return sum - z * z / 2 - logSigma[index]
    }
  }

  /// exp of the values, in proportion, so that they sum to 1.
  private static func normalized(_ logarithms: [Double]) -> [Double] {
    let largest = logarithms.reduce(-.infinity, max)
    let values = logarithms.map { exp($0 - largest) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }

  /// How often each point of the grid is nearest to samples of the encoder's distribution, drawn again
  /// by their weights.
  private func resampled(
    _ image: [Float], _ mean: [Double], _ logSigma: [Double], number: Int
  ) throws -> [Double] {
    let address = NoiseAddress(
      seed: seed, purpose: .generation, time: 1 << 16, image: UInt32(number))
    let samples = (0..<Self.draws).map { draw in
      (0..<2).map { unit in
        Float(
          mean[unit] + exp(logSigma[unit]) * Double(address.normal(column: 2 * draw + unit)))
      }
    }
    let densities = try generator.logDensities(of: image, at: samples)
    let weights = Self.normalized(
      zip(densities, samples).map { $0 - Self.logGaussian($1, mean, logSigma) })
    var result = [Double](repeating: 0, count: Self.side * Self.side)
    func index(_ value: Float) -> Int {
      let place = (Double(value) / Self.reach + 1) / 2 * Double(Self.side)
      return min(max(Int(place), 0), Self.side - 1)
    }
    // One uniform number draws all: evenly spaced along the running sum of the weights.
    let offset = Double(address.uniform(column: 2 * Self.draws))
    var (passed, next) = (0.0, -1)
    for draw in 0..<Self.draws {
      while passed <= (Double(draw) + offset) / Double(Self.draws), next < Self.draws - 1 {
        next += 1
        passed += weights[next]
      }
      let sample = samples[max(next, 0)]
      result[(Self.side - 1 - index(sample[1])) * Self.side + index(sample[0])] += 1
    }
    return result
  }

  /// From black to white at the largest.
  private static func shaded(_ values: [Double]) -> [Float] {
    let largest = max(values.max() ?? 1, 1e-300)
    return values.map { Float(($0 / largest).squareRoot()) }
  }

  /// An image in the size of a panel, its proportions kept.
  private static func enlarged(_ image: [Float], width: Int) -> [Float] {
    let height = image.count / width
    let longest = max(width, height)
    let (low, high) = (min(image.min() ?? 0, 0), max(image.max() ?? 1, 1))
    return (0..<side * side).map { index in
      let column = index % side * longest / side
      let row = index / side * longest / side
      guard column < width, row < height else { return 0.35 }
      return (image[row * width + column] - low) / (high - low)
    }
  }
}
