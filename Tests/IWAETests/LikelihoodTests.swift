import Compute
import Foundation
import Testing

@testable import IWAE

@Suite struct LikelihoodTests {
  /// Likelihoods with values of their heads and parameters.
  static func cases() throws -> [(Likelihood, [String: Double])] {
    let logits = [-4, -0.49, 0, 0.51, 3.0]
    let beta = try Likelihood(named: ModelCodingTests.beta)
    let student = try Likelihood(named: ModelCodingTests.student)
    return logits.map { (.bernoulli, ["logits": $0]) }
      + logits.map { (.continuousBernoulli, ["logits": $0]) }
      + [-2, 0, 3].map { (.poisson, ["log_rate": $0]) }
      + [.gaussian, .gaussianShared, student].flatMap { likelihood in
        [-1, 0, 1.5].map { (likelihood, ["mean": 2 * $0, "log_sigma": $0]) }
      }
      + [-1, 2].map { (.gaussian(sigma: 0.3), ["mean": $0]) }
      + [(0, 0), (1.5, -1), (2, 3.9), (2, 4.1), (1, 9)].map {
        (.negativeBinomial, ["log_rate": $0.0, "log_dispersion": $0.1])
      }
      + [(0.3, -1), (0.9, -2.5), (-2, 0), (0.5, 3)].map {
        (.logistic, ["mean": $0.0, "log_scale": $0.1])
      }
      + [(0.5, 1), (1.5, 1), (0.1, 0.2)].map { (beta, ["log_a": $0.0, "log_b": $0.1]) }
  }

  /// Values with their weights in a sum or an integral over the support.
  static func places(_ likelihood: Likelihood, mean: Double) -> [(x: Double, weight: Double)] {
    if likelihood.isBinarized { return [(0, 1), (1, 1)] }
    let count = 20_000
    switch likelihood.support {
    case .counts: return (0...400).map { (Double($0), 1) }
    case .classes(let classes): return (0..<classes).map { (Double($0), 1) }
    case .levels: return (0...255).map { (Double($0) / 255, 1) }
    case .unit: return (0..<count).map { ((Double($0) + 0.5) / Double(count), 1 / Double(count)) }
    case .reals, .positive:
      return (0..<count).map { index in
        // x = mean + tan(y)
        let y = Double.pi * ((Double(index) + 0.5) / Double(count) - 0.5)
        return (mean + tan(y), Double.pi / Double(count) / (cos(y) * cos(y)))
      }
    }
  }

  @Test(arguments: try cases().indices) func densitiesIntegrateToOneAndMeansAreRight(
    index: Int
  ) throws {
    let (likelihood, values) = try Self.cases()[index]
    let mean = try #require(likelihood.mean).evaluate(values)
    let places = Self.places(likelihood, mean: mean)
    let logarithms = evaluate(
      try #require(likelihood.logDensity), values, "x", places.map(\.x))
    var (total, first) = (0.0, 0.0)
    for ((x, weight), logarithm) in zip(places, logarithms) {
      total += weight * exp(logarithm)
      // Deviations, so that the tails' halves cancel.
      first += weight * exp(logarithm) * (x - mean)
    }
    #expect(abs(total - 1) < 1e-5, "\(likelihood) \(values): \(total)")
    #expect(abs(first) < 1e-5 * max(1, abs(mean)), "\(likelihood) \(values): \(first)")
  }

  private func evaluate(
    _ formula: Formula, _ values: [String: Double], _ name: String, _ places: [Double]
  ) -> [Double] {
    FormulaSteps([formula]).evaluate(
      count: places.count, values.mapValues { [$0] }.merging([name: places]) { $1 })[0]
  }

  @Test(arguments: try cases().indices) func drawsHaveTheMean(index: Int) throws {
    let (likelihood, values) = try Self.cases()[index]
    let name = likelihood.draw?.variables.contains("n") == true ? "n" : "u"
    let isSeparate = likelihood.support.values(atMost: 1) != nil
    let noise = (0..<(isSeparate ? 10_000 : 100_000)).map { place in
      let address = NoiseAddress(seed: 7, purpose: .generation, image: UInt32(place), sample: 0)
      return Double(name == "n" ? address.normal(column: 0) : address.uniform(column: 0))
    }
    let heads = likelihood.heads.map { values[$0]! }
    let parameters = likelihood.parameters.map { values[$0.name]! }
    func draw(_ noise: Double) -> Double? {
      likelihood.draw(heads: heads, parameters: parameters, uniform: noise, normal: noise)
    }
    #expect(likelihood.canDraw == (likelihood.draw != nil || isSeparate))
    if !likelihood.canDraw {
      #expect(draw(0.5) == nil)
      return
    }
    let draws =
      try likelihood.draw.map { evaluate($0, values, name, noise) }
      ?? noise.map {
        try #require(draw($0))
      }
    #expect(draws.prefix(9) == noise.prefix(9).compactMap(draw)[...])
    #expect(draws.allSatisfy { likelihood.support.problem(with: Float($0)) == nil })
    let mean = draws.reduce(0, +) / Double(draws.count)
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(draws.count)
    let error = (variance / Double(draws.count)).squareRoot()
    let expected = try #require(likelihood.mean).evaluate(values)
    #expect(abs(mean - expected) < 5 * error, "\(likelihood) \(values): \(mean) +- \(error)")
  }

  @Test func logDensitiesAreTheirFormulas() {
    func value(_ likelihood: Likelihood, _ values: [String: Double]) -> Double {
      likelihood.logDensity?.evaluate(values) ?? .nan
    }
    let log2 = 0.6931471805599453
    let halfLog2Pi = 0.9189385332046727
    #expect(abs(value(.bernoulli, ["x": 1, "logits": 0]) + log2) < 1e-15)
    #expect(abs(value(.bernoulli, ["x": 0, "logits": 3]) + 3.048587351573742) < 1e-15)
    // ((1 - 3) / 2)^2 = 1
    let wide = value(.gaussian, ["x": 1, "mean": 3, "log_sigma": log2])
    #expect(abs(wide + 0.5 + log2 + halfLog2Pi) < 1e-15)
    #expect(value(.gaussianShared, ["x": 1, "mean": 3, "log_sigma": log2]) == wide)
    #expect(abs(value(.gaussian(sigma: 2), ["x": 1, "mean": 3]) - wide) < 1e-15)
    // 2^3 e^-2 / 3!
    let count = value(.poisson, ["x": 3, "log_rate": log2])
    #expect(abs(count + 1.7123179275482192) < 1e-14)
  }

  @Test func initialBiasesGiveTheDataTheirMean() throws {
    #expect(abs(Likelihood.bernoulli.initialBias(mean: 0.25) + 1.0986123) < 1e-6)
    #expect(abs(Likelihood.bernoulli.initialBias(mean: 0) + 6.906755) < 1e-5)
    #expect(abs(Likelihood.continuousBernoulli.initialBias(mean: 1) - 6.906755) < 1e-5)
    #expect(Likelihood.gaussian.initialBias(mean: -2.5) == -2.5)
    #expect(Likelihood.gaussianShared.initialBias(mean: 3) == 3)
    #expect(abs(Likelihood.poisson.initialBias(mean: 2) - 0.6931472) < 1e-6)
    #expect(abs(Likelihood.poisson.initialBias(mean: 0) + 6.9077554) < 1e-5)
    let student = try Likelihood(named: ModelCodingTests.student)
    #expect(student.initialBias(mean: 2) == 0)
  }

  @Test func supportsSayWhyAValueIsNotInThem() {
    let rows: [(Support, [Float], [Float], String)] = [
      (.unit, [0, 0.5, 1], [-0.1, 1.5, .nan], "expected a number from 0 to 1, found -0.1"),
      (
        .counts, [0, 1, 300], [2.5, -1, .infinity, .nan],
        "expected a whole number of at least 0, found 2.5"
      ),
      (
        .levels, [0, 1, 100 / 255], [-1 / 255, 256 / 255, 0.5, .nan],
        "expected a whole number from 0 to 255, over 255, found -0.003921569"
      ),
      (.positive, [0.1, 2], [0, -1, .infinity, .nan], "expected a number above 0, found 0.0"),
      (.reals, [-3, 0, 2], [.nan, .infinity], "expected a finite number, found nan"),
      (
        .classes(3), [0, 1, 2], [3, -1, 0.5, .infinity, .nan],
        "expected a whole number from 0 to 2, found 3.0"
      ),
    ]
    for (support, members, others, message) in rows {
      #expect(members.allSatisfy { support.problem(with: $0) == nil })
      #expect(others.allSatisfy { support.problem(with: $0) != nil })
      #expect(support.problem(with: others[0]) == message)
    }
    #expect(Likelihood.bernoulli.support == .unit && Likelihood.bernoulli.isBinarized)
    #expect(!Likelihood.continuousBernoulli.isBinarized)
  }
}
