import Compute
import Foundation
import Testing

@testable import IWAE

/// Log-weights whose log-likelihood is known: log w = s z - s^2 / 2, so that E[w] = 1.
@Suite struct LogWeightsTests {
  private func draw(_ count: Int, spread: Double, image: UInt32) -> LogWeights {
    let address = NoiseAddress(seed: 5, purpose: .data, time: 9, image: image)
    return LogWeights(
      (0..<count).map { spread * Double(address.normal(column: $0)) - spread * spread / 2 })
  }

  private func uniforms(_ count: Int, image: UInt32) -> [Double] {
    let address = NoiseAddress(seed: 5, purpose: .resampling, time: 9, image: image)
    return (0..<count).map { (Double(address.word(column: $0)) + 0.5) / 4_294_967_296 }
  }

  /// The mean over images, and its standard error.
  private func mean(_ values: [Double]) -> (mean: Double, error: Double) {
    let estimate = LogWeights.Estimate(values)
    return (estimate.mean, (estimate.squaredError ?? 0).squareRoot())
  }

  @Test func theBiasFallsAsTheorySays() {
    let images = (0..<400).map { draw(1000, spread: 1, image: UInt32($0)) }
    // Var(w) = e - 1: L_k is about -(e - 1) / (2k) for large k.
    let bound = mean(images.map { $0.bound(50).mean })
    let expected = -(Double.e - 1) / 100
    #expect(abs(bound.mean - expected) < 4 * bound.error + 0.003)
    // E[log w] is exact.
    let first = mean(images.map { $0.bound(1).mean })
    #expect(abs(first.mean + 0.5) < 4 * first.error)
    let jackknife = mean(images.map { $0.jackknife(50).mean })
    #expect(abs(jackknife.mean) < 4 * jackknife.error + 0.003)
    #expect(abs(jackknife.mean) < abs(bound.mean) / 3)
    let sumo = mean(images.map { image in image.sumo(uniforms(5, image: 3)).mean })
    #expect(abs(sumo.mean) < 4 * sumo.error)
    // The errors that images state of themselves are those that they have of each other.
    let stated = images.map { ($0.bound(50).squaredError ?? 0) }.reduce(0, +) / 400
    #expect(abs(stated.squareRoot() / (bound.error * 20) - 1) < 0.15)
    let whole = mean(images.map { $0.bound(1000).mean })
    let slope = images.map { ($0.bound(1000).squaredError ?? 0) }.reduce(0, +) / 400
    #expect(abs(slope.squareRoot() / (whole.error * 20) - 1) < 0.15)
  }

  /// With spread weights one of them is nearly all; the error says so too.
  @Test func theErrorOfASingleGroupIsReal() {
    for (spread, tolerance) in [(0.5, 0.15), (2, 0.2), (4, 0.5)] {
      let images = (0..<400).map { draw(200, spread: spread, image: UInt32($0)) }
      for estimate in [{ $0.bound(200) }, { $0.jackknife(200) }]
        as [(LogWeights) -> LogWeights.Estimate]
      {
        let estimates = images.map(estimate)
        let stated = estimates.reduce(0) { $0 + ($1.squaredError ?? .nan) } / 400
        let found = mean(estimates.map(\.mean)).error * 20
        #expect(abs(stated.squareRoot() / found - 1) < tolerance, "\(spread): \(found)")
      }
    }
    #expect(LogWeights([0]).bound(1).squaredError == nil)
  }

  @Test func smallAndExtremeCases() {
    #expect(LogWeights([-800]).logMean == -800)
    let two = LogWeights([-1000, -1000 + naturalLogarithm(3.0)])
    #expect(abs(two.logMean - (-1000 + naturalLogarithm(2.0))) < 1e-12)
    #expect(abs(two.effectiveSampleSize - 1.6) < 1e-12)
    // 2 L_2 - the mean of L_1.
    let expected = 2 * (-1000 + naturalLogarithm(2.0)) - (-1000 + naturalLogarithm(3.0) / 2)
    #expect(abs(two.jackknife(2).mean - expected) < 1e-10)
    // Weights far apart stay what they are, each alone.
    #expect(LogWeights([0, -2000]).bound(1).mean == -1000)
    let zero = LogWeights([0, -.infinity])
    #expect(abs(zero.logMean + naturalLogarithm(2.0)) < 1e-12)
    // One weight is nearly all: without it, the rest still counts.
    let dominated = LogWeights([0, -60, -60])
    let tiny = exponential(-60)
    let left = (2 * naturalLogarithm((1 + tiny) / 2) - 60) / 3
    let all = naturalLogarithm((1 + 2 * tiny) / 3)
    #expect(abs(dominated.jackknife(3).mean - (3 * all - 2 * left)) < 1e-9)
    #expect(LogWeights([0, -1]).sumo([0.9]).mean.isFinite)
    #expect(LogWeights([0]).sumo([0.5]).mean == 0)
  }

  /// Weights u^-k follow a Pareto distribution of the shape k.
  @Test(arguments: [0.2, 0.5, 0.7, 1.0])
  func paretoShapesAreFound(shape: Double) throws {
    let shapes = (0..<20).map { image -> Double in
      let values = uniforms(5000, image: UInt32(100 + image)).map { -shape * naturalLogarithm($0) }
      return LogWeights(values).paretoShape ?? .nan
    }
    let found = mean(shapes)
    #expect(abs(found.mean - shape) < 0.08, "\(found)")
    #expect(LogWeights([Double](repeating: -3, count: 500)).paretoShape == nil)
    #expect(LogWeights([1, 2, 3]).paretoShape == nil)
  }
}

extension Double {
  fileprivate static var e: Double { exponential(1) }
}
