import Compute
import Experiments
import Foundation
import IWAE
import Testing

/// Posteriors that are known.
@Suite struct ImagePosteriorTests {
  private let noise = NoiseAddress(seed: 3, purpose: .generation, time: 9, image: 0)

  /// A normal log-density, but for a constant.
  private func normal(_ mean: [Double], _ sigma: [Double]) -> ([[Float]]) -> [Double] {
    { points in
      points.map { point in
        (0..<2).reduce(-300) { sum, latent in
          let z = (Double(point[latent]) - mean[latent]) / sigma[latent]
          return sum - z * z / 2
        }
      }
    }
  }

  /// The posterior beside a normal distribution of the encoder's.
  private func posterior(
    _ mean: [Double], _ sigma: [Double], _ logDensities: ([[Float]]) -> [Double]
  ) -> ImagePosterior? {
    let samples = (0..<ImagePosterior.draws).map { draw in
      (0..<2).map { Float(mean[$0] + sigma[$0] * Double(noise.normal(column: 2 * draw + $0))) }
    }
    let logWeights = zip(logDensities(samples), samples).map { density, sample in
      (0..<2).reduce(density) { sum, latent in
        let z = (Double(sample[latent]) - mean[latent]) / sigma[latent]
        return sum + z * z / 2
      }
    }
    return ImagePosterior(
      .normal(mean: mean, sigma: sigma),
      draws: PosteriorDraws(latents: samples.flatMap(\.self), logWeights: logWeights),
      offset: 0.5, logDensities: logDensities)
  }

  private func near(_ found: Double, _ expected: Double, _ tolerance: Double) -> Bool {
    abs(found - expected) <= tolerance
  }

  /// From narrow ones, between coarse points, to the prior's.
  @Test(arguments: [
    ([1.23, -0.77], [0.04, 0.14]), ([0.052, 2.9], [0.002, 0.9]), ([0, 0], [1, 1]),
    ([-6.5, 0.1], [0.01, 0.02]),
  ])
  func aNormalPosteriorIsFound(_ mean: [Double], _ sigma: [Double]) throws {
    // The encoder is right but for its mean in the first latent: half a deviation off.
    let guess = [mean[0] + sigma[0] / 2, mean[1]]
    let found = try #require(posterior(guess, sigma, normal(mean, sigma)))
    for latent in 0..<2 {
      let (center, deviation) = found.moments(latent)
      #expect(near(center, mean[latent], 0.01 * sigma[latent]), "\(center)")
      #expect(near(deviation, sigma[latent], 0.02 * sigma[latent]), "\(deviation)")
      #expect(found.window.low[latent] < mean[latent] - 3 * sigma[latent])
      #expect(found.window.high[latent] > mean[latent] + 3 * sigma[latent])
      #expect(found.window.width[latent] < 20 * sigma[latent])
    }
    // 2 Phi(1/4) - 1: the total variation of normal distributions half a deviation apart.
    #expect(near(found.totalVariation, 0.1974, 0.003), "\(found.totalVariation)")
    #expect(found.posteriorOutside < 1e-3 && found.encoderOutside < 1e-3)
    #expect(found.samplesOutside < 10)
    #expect(found.samples.reduce(0, +) == Double(ImagePosterior.draws - found.samplesOutside))
    // Drawn again by their weights, samples are the posterior's, not the encoder's.
    let first = found.window.middles(0)
    let places = LatentWindow.cells { column, _ in first[column] }
    let average =
      zip(found.samples, places).reduce(0) { $0 + $1.0 * $1.1 } / found.samples.reduce(0, +)
    #expect(near(average, mean[0], 0.06 * sigma[0]), "\(average)")
  }

  @Test func anEncoderElsewhereIsDifferentAltogether() throws {
    let found = try #require(
      posterior([3, 3], [exp(-4), exp(-4)], normal([-2, 0], [0.1, 0.1])))
    #expect(near(found.totalVariation, 1, 1e-6))
    #expect(near(found.encoderOutside, 1, 1e-9))
    #expect(found.samplesOutside == ImagePosterior.draws)
    #expect(near(found.moments(0).mean, -2, 0.01) && near(found.moments(1).mean, 0, 0.01))
  }

  /// A slanted normal distribution that is told by its draws, and a posterior that is the same or has
  /// the same deviations without the slant.
  @Test(arguments: [true, false]) func drawsTellTheShape(_ isSame: Bool) throws {
    let slope = 0.4
    let rest = (1 - slope * slope).squareRoot()
    func draw(_ index: Int) -> [Float] {
      let (e, f) = (noise.normal(column: 2 * index), noise.normal(column: 2 * index + 1))
      return [e, Float(slope) * e + Float(rest) * f]
    }
    func logDensity(_ point: [Float], isSlanted: Bool) -> Double {
      let (x, y) = (Double(point[0]), Double(point[1]))
      guard isSlanted else { return -(x * x + y * y) / 2 }
      let z = (y - slope * x) / rest
      return -(x * x + z * z) / 2 - log(rest)
    }
    let draws = (0..<ImagePosterior.draws).map(draw)
    let found = try #require(
      ImagePosterior(
        .drawn((0..<EncoderDistribution.draws).flatMap(draw)),
        draws: PosteriorDraws(
          latents: draws.flatMap(\.self),
          // Densities lack a factor of 2 pi.
          logWeights: draws.map {
            logDensity($0, isSlanted: isSame) - logDensity($0, isSlanted: true) + log(2 * Double.pi)
          }),
        offset: 0.5
      ) { points in points.map { logDensity($0, isSlanted: isSame) } })
    for latent in 0..<2 {
      #expect(near(found.encoderMean[latent], 0, 0.01) && near(found.encoderSigma[latent], 1, 0.01))
    }
    let (first, second) = (found.window.middles(0), found.window.middles(1))
    let products = LatentWindow.cells { first[$0] * second[$1] }
    func covariance(_ cells: [Double]) -> Double {
      zip(cells, products).reduce(0) { $0 + $1.0 * $1.1 } / cells.reduce(0, +)
    }
    #expect(near(covariance(found.encoder), slope, 0.02))
    #expect(near(covariance(found.samples), isSame ? slope : 0, 0.05))
    let exact = LatentWindow.cells { column, row in
      exp(logDensity([Float(first[column]), Float(second[row])], isSlanted: true))
        * found.window.cellArea / (2 * Double.pi)
    }
    let different = zip(found.posterior, exact).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
    #expect(near(found.totalVariation, different, 0.01), "\(found.totalVariation), \(different)")
  }

  /// The first latent goes to the right, the second upwards.
  @Test func cellsAreWherePointsAre() {
    let window = LatentWindow(low: [0, 10], high: [96, 106])
    for cell in [0, 95, 96, 5000, 96 * 96 - 1] {
      #expect(window.cell(of: window.points[cell]) == cell)
    }
    #expect(window.points[0] == [0.5, 105.5] && window.points[95] == [95.5, 105.5])
    for point: [Float] in [
      [-1, 50], [96.5, 50], [5, 9], [.infinity, 50], [5, .nan], [1e30, -1e30],
    ] {
      #expect(window.cell(of: point) == nil)
    }
  }

  @Test func whatIsNotFiniteIsNoPosterior() {
    func exists(
      _ mean: [Double] = [0, 0], _ logSigma: [Double] = [0, 0],
      _ densities: @escaping ([[Float]]) -> [Double]
    ) -> Bool {
      posterior(mean, logSigma.map(exp), densities) != nil
    }
    let usual = normal([0, 0], [1, 1])
    #expect(exists([0, 0], [0, 0], usual))
    #expect(!exists([1e35, 0], [0, 0], usual) && !exists([.nan, 0], [0, 0], usual))
    #expect(!exists([0, 0], [1000, 0], usual) && !exists([0, 0], [0, -1000], usual))
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(!exists { points in points.map { _ in value } })
    }
    #expect(!exists { points in usual(points).enumerated().map { $0 == 7 ? .nan : $1 } })
  }
}
