import Foundation
import IWAE
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
  /// Half the absolute difference of both distributions, from 0 to 1.
  public let totalVariation: Double
  /// In each cell, the samples of the encoder's distribution once drawn again by their weights.
  public let samples: [Double]
  public let samplesOutside: Int

  /// - Parameters:
  ///   - distribution: The encoder's distribution.
  ///   - draws: As many draws of it as `draws` says, with log-weights.
  ///   - offset: A number from 0 to 1 that says which of them are drawn again.
  ///   - logDensities: log p(x, h) at many values of h.
  /// - Returns: Nil where a density or a weight is not finite.
  public init?(
    _ distribution: EncoderDistribution, draws: PosteriorDraws, offset: Double,
    logDensities: ([[Float]]) throws -> [Double]
  ) rethrows {
    let (mean, sigma) = distribution.moments
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
    encoder = distribution.shares(in: window)
    encoderOutside = max(0, 1 - encoder.reduce(0, +))
    guard let drawn = Self.resampled(window, draws, offset) else { return nil }
    (samples, samplesOutside) = drawn
    switch distribution {
    case .normal:
      // Outside the window they count as different: there it is an upper bound.
      let inside = zip(posterior, encoder).reduce(0) { $0 + abs($1.0 - $1.1) }
      totalVariation = min((inside + posteriorOutside + encoderOutside) / 2, 1)
    case .drawn:
      // The mean of what the encoder's density is above the posterior's, as a share of its own.
      let excess = draws.logWeights.reduce(0) { $0 + max(0, -expm1($1 - shares.logTotal)) }
      totalVariation = excess / Double(Self.draws)
    }
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

  /// Shares of the whole in each cell, and in what of a larger window lies outside; the logarithm of
  /// the whole.
  private static func shares(
    _ densities: [Double], _ window: LatentWindow, outside coarse: [Double], _ start: LatentWindow
  ) -> (inside: [Double], outside: Double, logTotal: Double) {
    let beyond = zip(start.points, coarse).filter { window.cell(of: $0.0) == nil }.map(\.1)
    let peak = (densities + beyond).reduce(-.infinity, max)
    let inside = densities.map { exp($0 - peak) * window.cellArea }
    let outside = beyond.reduce(0) { $0 + exp($1 - peak) * start.cellArea }
    let whole = inside.reduce(outside, +)
    return (inside.map { $0 / whole }, outside / whole, peak + log(whole))
  }

  /// Samples of the encoder's distribution, drawn again by their weights, and where they lie.
  private static func resampled(
    _ window: LatentWindow, _ draws: PosteriorDraws, _ offset: Double
  ) -> (cells: [Double], outside: Int)? {
    let (count, logWeights) = (draws.logWeights.count, draws.logWeights)
    let peak = logWeights.reduce(-.infinity, max)
    guard isDefined(logWeights), peak.isFinite else { return nil }
    let weights = logWeights.map { exp($0 - peak) }
    let share = weights.reduce(0, +) / Double(count)
    var cells = [Double](repeating: 0, count: LatentWindow.side * LatentWindow.side)
    // One uniform number draws all: evenly spaced along the running sum of the weights.
    var (passed, next, outside) = (weights[0], 0, 0)
    for draw in 0..<count {
      while passed <= (Double(draw) + offset) * share, next < count - 1 {
        next += 1
        passed += weights[next]
      }
      if let cell = window.cell(of: draws.latents[2 * next..<2 * next + 2]) {
        cells[cell] += 1
      } else {
        outside += 1
      }
    }
    return (cells, outside)
  }
}

// MARK: Numbers

extension ImagePosterior {
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
