import Compute
import Foundation
import Testing

@testable import IWAE

/// The continuous Bernoulli likelihood near logits of 0, where its parts cancel.
@Suite struct LikelihoodPrecisionTests {
  let likelihood = Likelihood.continuousBernoulli
  let logDensity: Formula
  let mean: Formula

  init() throws {
    logDensity = try #require(likelihood.logDensity)
    mean = try #require(likelihood.mean)
  }

  /// Logits, log p(0.3) and the mean, computed with 60 digits.
  static let exact: [(logits: Double, logDensity: Double, mean: Double)] = [
    (0, 0, 0.5),
    (1e-9, -2.0000000004166666667e-10, 0.50000000008333333333),
    (-0.001, 0.00019995833333368055555, 0.49991666666805555552),
    (0.1, -0.020416631949954875098, 0.50833194477504962405),
    (0.4999, -0.11037090199601329334, 0.54148585232527752777),
    (-0.4999, 0.089589098003986706658, 0.45851414767472247223),
    (0.5, -0.11039505099275673752, 0.54149408253679828413),
    (0.51, -0.11281410622955998262, 0.54231689608585918645),
    (-3, 0.24968146961081127793, 0.28093763684207738136),
    (12, -5.9150872059807706115, 0.91667281091677157227),
    (-80, -19.617973365326118388, 0.0125),
    (700, -483.44891966495659533, 0.99857142857142857143),
  ]

  @Test func doublesAreExactToTheLastBits() throws {
    let slope = try logDensity.derivative(by: "logits")
    for (logits, logDensity, mean) in Self.exact {
      let values = ["x": 0.3, "logits": logits]
      let found = self.logDensity.evaluate(values)
      #expect(abs(found - logDensity) <= 1e-15 * max(abs(logDensity), 0.1), "\(logits): \(found)")
      let center = self.mean.evaluate(values)
      #expect(abs(center - mean) <= 1e-15, "\(logits): \(center)")
      // d log p / da = x - mean
      let gradient = slope.evaluate(values)
      #expect(abs(gradient - (0.3 - mean)) <= 2e-15, "\(logits): \(gradient)")
    }
  }

  @Test func singlePrecisionKeepsSixDigits() throws {
    let formulas = [
      logDensity, try logDensity.derivative(by: "logits"), mean,
    ]
    let steps = FormulaSteps(formulas)
    var worst = 0.0
    for step in -400...400 {
      let logits = pow(Double(step) / 80, 3)
      for x in [0, 0.25, 1] {
        let single = evaluateSingle(steps, ["x": Float(x), "logits": Float(logits)])
        let values = ["x": x, "logits": Double(Float(logits))]
        for (found, formula) in zip(single, formulas) {
          let exact = formula.evaluate(values)
          worst = max(worst, abs(Double(found) - exact) / max(1, abs(exact)))
        }
      }
    }
    #expect(worst < 1e-6)
  }

  @Test func drawsInvertTheCumulativeDistribution() {
    for logits in [-60, -0.3, -1e-12, 0, 1e-30, 1e-6, 2, 800] {
      for u in [1e-7, 0.25, 0.5, 0.9] {
        let x = likelihood.draw(heads: [logits], uniform: u, normal: 0)!
        // (e^(ax) - 1) / (e^a - 1), from the side on which it is small.
        let cumulative =
          logits == 0
          ? x
          : logits < 0
            ? expm1(logits * x) / expm1(logits)
            : 1 - expm1(-logits * (1 - x)) / expm1(-logits)
        #expect(abs(cumulative - u) < 1e-9, "\(logits) \(u): \(x)")
      }
    }
  }

  /// Single precision in every step, as a device computes.
  private func evaluateSingle(_ steps: FormulaSteps, _ values: [String: Float]) -> [Float] {
    var results: [Float] = []
    for step in steps.steps {
      let operands = step.operands.map { results[$0] }
      let value: Float =
        switch step.operation {
        case .number(let number): Float(number)
        case .variable(let name): values[name]!
        case .add: operands[0] + operands[1]
        case .subtract: operands[0] - operands[1]
        case .multiply: operands[0] * operands[1]
        case .divide: operands[0] / operands[1]
        case .power: pow(operands[0], operands[1])
        case .negate: -operands[0]
        case .less: operands[0] < operands[1] ? 1 : 0
        case .where: operands[0] != 0 ? operands[1] : operands[2]
        case .function(.exp): exp(operands[0])
        case .function(.expm1): expm1(operands[0])
        case .function(.log): log(operands[0])
        case .function(.abs): abs(operands[0])
        case .function(.max): max(operands[0], operands[1])
        case .function(.sign): operands[0] > 0 ? 1 : operands[0] < 0 ? -1 : 0
        case .function(let function): fatalError("\(function)")
        }
      results.append(value)
    }
    return steps.results.map { results[$0] }
  }
}
