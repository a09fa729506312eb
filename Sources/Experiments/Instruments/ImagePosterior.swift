import Compute
import Foundation
import Report

/// The posterior of one image over two latents on a grid, beside the encoder's distribution.
public struct ImagePosterior {
  /// The samples that are drawn of the encoder's distribution.
  public static let draws = 10_000
  /// A window holds what is within so many nats of the posterior's peak: 4.5 standard deviations of
  /// a normal one.
  private static let depth = 10.0

  /// The encoder's mean in both latents, and its standard deviations.
  public let encoderMean: [Double]
  public let encoderSigma: [Double]
  /// The window that the grid divides into cells: it holds the posterior.
  public let window: LatentWindow
  /// The posterior's share in each cell, and the share outside the window.
  public let posterior: [Double]
  public let posteriorOutside: Double
  /// The same of the encoder's distribution.
  public let encoder: [Double]
  public let encoderOutside: Double
  /// In each cell, the samples of the encoder's distribution once drawn again by their weights.
  public let samples: [Double]
  public let samplesOutside: Int

  /// - Parameters:
  ///   - mean: The encoder's mean, of both latents.
  ///   - logSigma: The logarithms of the encoder's standard deviations.
  ///   - noise: The address of the samples' noise.
  ///   - logDensities: log p(x, h) at many values of h, but for a constant.
  /// - Returns: Nil where a density or a weight is not finite.
  public init?(
    mean: [Double], logSigma: [Double], noise: NoiseAddress,
    logDensities: ([[Float]]) throws -> [Double]
  ) rethrows {
    let sigma = logSigma.map(exp)
    // Wider or farther than this no Float could hold the samples.
    guard mean.allSatisfy({ abs($0) < 1e30 }), sigma.allSatisfy({ $0 > 0 && $0 < 1e30 })
    else { return nil }
    (encoderMean, encoderSigma) = (mean, sigma)
    let start = LatentWindow(low: [-5, -5], high: [5, 5])
    let coarse = try logDensities(start.points)
    guard
      let found = try Self.located(
        start, coarse, .init(mean: mean, sigma: sigma, reach: 4), logDensities)
    else { return nil }
    window = found.widened(toHold: .init(mean: mean, sigma: sigma, reach: 3))
    let fine = try logDensities(window.points)
    guard Self.isDefined(fine) else { return nil }
    let shares = Self.shares(fine, window, outside: coarse, start)
    (posterior, posteriorOutside) = (shares.inside, shares.outside)
    encoder = Self.normalShares(window, mean, sigma)
    encoderOutside = max(0, 1 - encoder.reduce(0, +))
    guard let drawn = try Self.resampled(window, mean, sigma, noise, logDensities) else {
      return nil
    }
    (samples, samplesOutside) = drawn
  }

  /// The window of the posterior's mass: first among coarse points and among the encoder's own, then
  /// closer.
  private static func located(
    _ start: LatentWindow, _ coarse: [Double], _ encoder: LatentWindow,
    _ logDensities: ([[Float]]) throws -> [Double]
  ) rethrows -> LatentWindow? {
    let near = try logDensities(encoder.points)
    guard isDefined(coarse), isDefined(near),
      let first = LatentWindow.holding([(start, coarse), (encoder, near)], depth: depth)
    else { return nil }
    let closer = try logDensities(first.points)
    guard isDefined(closer) else { return nil }
    return LatentWindow.holding([(first, closer)], depth: depth)
  }

  /// A density may be 0, but not infinite.
  private static func isDefined(_ logarithms: [Double]) -> Bool {
    logarithms.allSatisfy { $0 < .infinity }
  }

  /// Shares of the whole in each cell, and in what of a larger window lies outside.
  private static func shares(
    _ densities: [Double], _ window: LatentWindow, outside coarse: [Double], _ start: LatentWindow
  ) -> (inside: [Double], outside: Double) {
    let beyond = zip(start.points, coarse).filter { window.cell(of: $0.0) == nil }.map(\.1)
    let peak = (densities + beyond).reduce(-.infinity, max)
    let inside = densities.map { exp($0 - peak) * window.cellArea }
    let outside = beyond.reduce(0) { $0 + exp($1 - peak) * start.cellArea }
    let whole = inside.reduce(outside, +)
    return (inside.map { $0 / whole }, outside / whole)
  }

  /// The mass of a normal distribution in each cell.
  private static func normalShares(
    _ window: LatentWindow, _ mean: [Double], _ sigma: [Double]
  ) -> [Double] {
    let axes = (0..<2).map { latent in
      let below = (0...LatentWindow.side).map { edge in
        let place = window.low[latent] + Double(edge) * window.cellSize[latent]
        return erfc((mean[latent] - place) / sigma[latent] / 2.0.squareRoot()) / 2
      }
      return zip(below, below.dropFirst()).map { $1 - $0 }
    }
    return LatentWindow.cells { axes[0][$0] * axes[1][$1] }
  }

  /// Samples of the encoder's distribution, drawn again by their weights, and where they lie.
  private static func resampled(
    _ window: LatentWindow, _ mean: [Double], _ sigma: [Double], _ noise: NoiseAddress,
    _ logDensities: ([[Float]]) throws -> [Double]
  ) rethrows -> (cells: [Double], outside: Int)? {
    let samples = (0..<draws).map { draw in
      (0..<2).map { Float(mean[$0] + sigma[$0] * Double(noise.normal(column: 2 * draw + $0))) }
    }
    let logWeights = zip(try logDensities(samples), samples).map { density, sample in
      (0..<2).reduce(density) { sum, latent in
        let z = (Double(sample[latent]) - mean[latent]) / sigma[latent]
        return sum + z * z / 2
      }
    }
    let peak = logWeights.reduce(-.infinity, max)
    guard isDefined(logWeights), peak.isFinite else { return nil }
    let weights = logWeights.map { exp($0 - peak) }
    let share = weights.reduce(0, +) / Double(draws)
    var cells = [Double](repeating: 0, count: LatentWindow.side * LatentWindow.side)
    // One uniform number draws all: evenly spaced along the running sum of the weights.
    let offset = Double(noise.uniform(column: 2 * draws))
    var (passed, next, outside) = (weights[0], 0, 0)
    for draw in 0..<draws {
      while passed <= (Double(draw) + offset) * share, next < draws - 1 {
        next += 1
        passed += weights[next]
      }
      if let cell = window.cell(of: samples[next]) { cells[cell] += 1 } else { outside += 1 }
    }
    return (cells, outside)
  }
}

// MARK: Numbers

extension ImagePosterior {
  /// Half the absolute difference of both distributions, from 0 to 1. Outside the window they count as
  /// different: there it is an upper bound.
  public var totalVariation: Double {
    let inside = zip(posterior, encoder).reduce(0) { $0 + abs($1.0 - $1.1) }
    return min((inside + posteriorOutside + encoderOutside) / 2, 1)
  }

  /// The posterior's mean and standard deviation in a latent, within the window.
  public func moments(_ latent: Int) -> (mean: Double, deviation: Double) {
    let middles = window.middles(latent)
    let places = LatentWindow.cells { middles[latent == 0 ? $0 : $1] }
    let whole = posterior.reduce(0, +)
    let mean = zip(posterior, places).reduce(0) { $0 + $1.0 * $1.1 } / whole
    let variance = zip(posterior, places).reduce(0) {
      $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean)
    }
    return (mean, (variance / whole).squareRoot())
  }

  static var columns: [String] {
    ["image"]
      + (1...2).flatMap { unit in
        ["window centre", "window width", "mean", "sd", "encoder mean", "encoder sd"]
          .map { "\($0), unit \(unit)" }
      } + ["total variation", "posterior outside", "encoder outside", "samples outside"]
  }

  /// A value for each column.
  func row(image: Int) -> [FigureTable.Cell] {
    let units = (0..<2).flatMap { latent -> [Double] in
      let (mean, deviation) = moments(latent)
      return [
        window.center[latent], window.width[latent], mean, deviation, encoderMean[latent],
        encoderSigma[latent],
      ]
    }
    let shares = [totalVariation, posteriorOutside, encoderOutside, Double(samplesOutside)]
    return ([Double(image)] + units + shares).map { .number($0) }
  }
}
