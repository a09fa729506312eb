import Foundation
import Testing

@testable import Compute
@testable import RandomFormulas

@Suite struct FormulaDerivativeTests {
  private let x: Formula = "x"
  private let y: Formula = "y"

  /// A derivative by central differences and how far it may be off; nil where the differences
  /// of two step sizes disagree, as they do at a kink, or where something is not finite.
  private func difference(
    _ steps: FormulaSteps, at x: Double, y: Double
  ) -> (derivative: Double, tolerance: Double)? {
    let step = 1e-3 * max(1, abs(x))
    let offsets = [-2, -1, -0.5, 0, 0.5, 1, 2].map { x + step * $0 }
    let parts = steps.evaluate(count: offsets.count, ["x": offsets, "y": [y]])
    guard parts.allSatisfy({ $0.allSatisfy(\.isFinite) }), let f = parts.last else { return nil }
    let wide = (8 * (f[5] - f[1]) - (f[6] - f[0])) / (12 * step)
    let narrow = (8 * (f[4] - f[2]) - (f[5] - f[1])) / (6 * step)
    // Parts are rounded in proportion to their size, and the division by the step magnifies that.
    let size = parts.reduce(1) { max($0, abs($1[3])) }
    let disagreement = abs(wide - narrow)
    guard disagreement <= 1e-6 * (size + abs(narrow)) else { return nil }
    return (narrow, disagreement + 100 * Double.ulpOfOne * size / step)
  }

  /// True if the derivative agrees; nil if it could not be compared.
  private func agrees(_ formula: Formula, at x: Double, y: Double) throws -> Bool? {
    let derivative = try formula.derivative(by: "x").evaluate(["x": x, "y": y])
    guard let expected = difference(FormulaSteps.all(of: formula), at: x, y: y) else {
      return nil
    }
    return abs(derivative - expected.derivative) <= expected.tolerance
  }

  @Test func operationsAgreeWithDifferences() throws {
    let unary: [Formula] = Formula.Function.allCases.filter {
      $0.argumentCount == 1 && $0 != .digamma
    }.map { Formula(.function($0), [x * 0.9 + 0.1]) }
    let others: [Formula] = [
      x + y, x - y, y - x, x * y, x / y, y / x, x * x, -x, x.power(2), x.power(3), x.power(-1.5),
      x.power(0), x.power(y), y.power(x), x.power(x), .min(x, y), .max(y, x), .min(x * x, y),
      .less(x, y) * x, .where(.less(x, y), x * x, y * x), .where(.less(y, x), 1, .exp(x)),
      .exp(.exp(-x)), .sqrt(1 + x.power(2)), .lgamma(-x / 3 - 0.1), .abs(-x),
    ]
    for formula in unary + others {
      for place in stride(from: 0.3, through: 2.3, by: 0.1) {
        #expect(try agrees(formula, at: place, y: 1.234) == true, "\(formula) at \(place)")
      }
    }
    for formula: Formula in [.abs(x), .sigmoid(x), .softplus(x), .tanh(x), .expm1(x), x.power(3)] {
      for place in [-3, -1.7, -0.2] {
        #expect(try agrees(formula, at: place, y: 1) == true, "\(formula) at \(place)")
      }
    }
  }

  @Test func randomFormulasAgreeWithDifferences() throws {
    var formulas = RandomFormulas(seed: 4)
    var compared = 0
    var nonzero = 0
    for index in 0..<10_000 {
      let formula = formulas.next(variables: ["x", "y"])
      let (x, y) = (formulas.number(in: 0.3...2), formulas.number(in: 0.3...2))
      guard let agrees = try agrees(formula, at: x, y: y) else { continue }
      compared += 1
      let derivative = try formula.derivative(by: "x")
      if derivative.number == nil { nonzero += 1 }
      #expect(agrees, "seed 4, formula \(index) at \(x), \(y): \(formula), \(derivative)")
    }
    print("seed 4: \(compared) of 10000 derivatives compared, \(nonzero) of them not constant")
    #expect(compared >= 8_000)
    #expect(nonzero >= 4_000)
  }

  @Test func derivativesReadAsExpected() throws {
    let cases: [(String, String)] = [
      ("x * a - softplus(a)", "x - sigmoid(a)"), ("a^2", "2 * a"), ("a^3", "3 * a^2"),
      ("a^1", "1"), ("a^0", "0"), ("x", "0"), ("a", "1"), ("exp(2 * a)", "exp(2 * a) * 2"),
      ("log(a)", "1 / a"), ("a / x", "1 / x"), ("x / a", "-(x / a / a)"), ("a < x", "0"),
      ("sign(a) * x", "0"), ("abs(a)", "sign(a)"), ("sqrt(a)", "0.5 / sqrt(a)"),
      ("min(a, x)", "where(x < a, 0, 1)"), ("max(x, a)", "where(x < a, 1, 0)"),
      ("where(a < x, a, x + a)", "1"), ("lgamma(a)", "digamma(a)"), ("a * a", "a + a"),
      ("tanh(a)", "1 - tanh(a) * tanh(a)"), ("a^x", "x * a^(x - 1)"),
      ("x^a", "x^a * where(x, log(x), 0)"),
    ]
    for (text, expected) in cases {
      let formula = try Formula(parsing: text, variables: ["x", "a"])
      #expect(try formula.derivative(by: "a").description == expected, "\(text)")
    }
  }

  @Test func digammaHasNoDerivative() throws {
    let formula = try Formula.lgamma(x * y).derivative(by: "x")
    #expect(throws: FormulaError.noDerivative(function: "digamma")) {
      try formula.derivative(by: "y")
    }
    #expect(try formula.derivative(by: "z") == 0)
  }

  @Test func branchesNotTakenPoisonNothing() throws {
    let logarithm = try Formula(parsing: "where(x < 0, log(-x), log(x))", variables: ["x"])
    let root = try Formula(parsing: "where(0 < x, sqrt(x), 0)", variables: ["x"])
    for place in [-2.0, 2.0] {
      #expect(logarithm.evaluate(["x": place]) == logarithm.evaluate(["x": 2]))
      #expect(try logarithm.derivative(by: "x").evaluate(["x": place]) == 1 / place)
      let slope = try root.derivative(by: "x").evaluate(["x": place])
      #expect(slope == (place < 0 ? 0 : 0.5 / 2.0.squareRoot()))
    }
    #expect(try root.derivative(by: "x").evaluate(["x": -1]) == 0)
    #expect(root.evaluate(["x": -1]) == 0)
    // 0^b is 0 for all b above 0.
    let power = try x.power(y).derivative(by: "y")
    #expect(power.evaluate(["x": 0, "y": 2]) == 0)
    #expect(power.evaluate(["x": 2, "y": 3]) == 8 * Foundation.log(2))
    // What does not depend on the variable may be infinite.
    let infinite = x + .log(y)
    #expect(try infinite.derivative(by: "x").evaluate(["x": 1, "y": 0]) == 1)
  }

  @Test func derivativesShareWhatTheFormulaComputes() throws {
    for (text, extra) in [("exp(x)", 0), ("sigmoid(x)", 2), ("tanh(x)", 2), ("sqrt(x)", 1)] {
      let formula = try Formula(parsing: text, variables: ["x"])
      let steps = FormulaSteps([formula, try formula.derivative(by: "x")])
      #expect(steps.arithmetic == 1 + extra, "\(text)")
    }
  }

  @Test func depthNeedsNoCallStack() throws {
    let (first, second) = (chain(of: 30_000), chain(of: 30_000))
    #expect(first == second)
    #expect(first.depth == 30_001)
    #expect(first.description.count > 150_000)
    #expect(try first.derivative(by: "x").nodeCount > 30_000)
    #expect(first.evaluate(["x": 1]) == FormulaSteps([second]).evaluate(count: 1, ["x": [1]])[0][0])
  }

  private func chain(of length: Int) -> Formula {
    (0..<length).reduce(x) { chain, index in index % 2 == 0 ? chain + x : .tanh(chain) }
  }

  @Test func depthCostsNoMoreThanParts() throws {
    // 2^60 nodes if nothing were shared.
    var first = x
    var second = x
    for _ in 0..<60 {
      first = first + .tanh(first * first)
      second = second + .tanh(second * second)
    }
    #expect(first == second)
    #expect(first.nodeCount == 181)
    #expect(try first.derivative(by: "x") == second.derivative(by: "x"))
    #expect(first.substituting(["x": y]).variables == ["y"])
    #expect(first.replacing(x, with: y) == second.substituting(["x": y]))
  }
}

extension FormulaSteps {
  /// The steps of a formula, each a result of its own.
  static func all(of formula: Formula) -> FormulaSteps {
    FormulaSteps(FormulaSteps([formula], commuting: false).formulas)
  }
}
