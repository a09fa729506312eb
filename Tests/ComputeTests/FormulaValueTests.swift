import Testing

@testable import Compute
@testable import RandomFormulas

@Suite struct FormulaValueTests {
  private let inf = Double.infinity

  private func isSame(_ a: Double, _ b: Double) -> Bool {
    a.isNaN ? b.isNaN : a.bitPattern == b.bitPattern
  }

  @Test func functionsAtTheEdges() {
    let nan = Double.nan
    let places = [-inf, -0.0, 0, inf, nan]
    let table: [(Formula.Function, [Double])] = [
      (.exp, [0, 1, 1, inf, nan]), (.log, [nan, -inf, -inf, inf, nan]),
      (.log1p, [nan, -0.0, 0, inf, nan]), (.expm1, [-1, -0.0, 0, inf, nan]),
      (.sqrt, [nan, -0.0, 0, inf, nan]), (.tanh, [-1, -0.0, 0, 1, nan]),
      (.sigmoid, [0, 0.5, 0.5, 1, nan]), (.softplus, [0, log2, log2, inf, nan]),
      (.lgamma, [inf, inf, inf, inf, nan]), (.digamma, [nan, -inf, -inf, inf, nan]),
      (.abs, [inf, 0, 0, inf, nan]), (.sign, [-1, 0, 0, 1, nan]),
    ]
    #expect(table.count == Formula.Function.allCases.count { $0.argumentCount == 1 })
    for (function, expected) in table {
      for (place, expected) in zip(places, expected) {
        let formula = Formula(.function(function), ["x"])
        let value = formula.evaluate(["x": place])
        #expect(isSame(value, expected), "\(function)(\(place)) is \(value)")
      }
    }
  }

  private let log2 = 0.69314718055994530942

  @Test func operationsOfTwoAtTheEdges() {
    let nan = Double.nan
    let (x, y): (Formula, Formula) = ("x", "y")
    let table: [(Formula, Double, Double, Double)] = [
      (.min(x, y), nan, 1, nan), (.min(x, y), 1, nan, nan), (.max(x, y), nan, 1, nan),
      (.max(x, y), 1, nan, nan), (.min(x, y), -inf, 1, -inf), (.max(x, y), 1, inf, inf),
      (.min(x, y), 2, 1, 1), (.max(x, y), 2, 1, 2), (.less(x, y), nan, 1, 0),
      (.less(x, y), 1, nan, 0), (.less(x, y), -inf, inf, 1), (.less(x, y), -0.0, 0, 0),
      (.where(x, 1, y), nan, 2, 2), (.where(x, 1, y), -0.0, 2, 2), (.where(x, 1, y), inf, 2, 1),
      (.where(x, 1, y), 1, nan, 1), (x / y, 1, 0, inf), (x / y, 0, 0, nan), (x * y, 0, inf, nan),
      (x - y, inf, inf, nan), (x.power(y), 0, 0, 1), (x.power(y), -1, 0.5, nan),
      (x.power(y), 0, -1, inf), (x.power(y), nan, 0, 1), (x.power(y), inf, -1, 0),
      (x + y, inf, -inf, nan), (0 * x, inf, 0, nan), (x - x, inf, 0, nan),
      (.exp(.log(x)), -1, 0, nan), (-x, nan, 0, nan),
    ]
    for (formula, first, second, expected) in table {
      let value = formula.evaluate(["x": first, "y": second])
      #expect(isSame(value, expected), "\(formula) at \(first), \(second) is \(value)")
    }
  }

  @Test func bothEndsAreStable() {
    let x: Formula = "x"
    #expect(Formula.softplus(x).evaluate(["x": 800]) == 800)
    #expect(Formula.softplus(x).evaluate(["x": -40]) == Formula.exp(x).evaluate(["x": -40]))
    #expect(Formula.sigmoid(x).evaluate(["x": -700]) == Formula.exp(x).evaluate(["x": -700]))
    #expect(Formula.sigmoid(x).evaluate(["x": 800]) == 1)
    #expect(Formula.sigmoid(x).evaluate(["x": -800]) == 0)
  }

  @Test func lgammaAtThePolesIsInfinite() {
    for place in [-1.0, -2, -10] {
      #expect(Formula.lgamma("x").evaluate(["x": place]) == inf)
      #expect(Formula.digamma("x").evaluate(["x": place]).isNaN)
    }
    #expect(abs(Formula.lgamma("x").evaluate(["x": -0.5]) - 1.265512123484645396) < 1e-15)
  }

  @Test(
    arguments: [
      (1e-20, -100000000000000005485.3), (1e-18, -999999999999999929.0348),
      (1e-6, -1000000.57721402001392), (1e-3, -1000.575571931810279655),
      (0.5, -1.963510026021423479441), (1, -0.5772156649015328606065),
      (1.25, -0.2274535333762654080895), (1.4616321449683623, -9.241265521729427516792e-17),
      (1.75, 0.2474724535468611637064), (2, 0.4227843350984671393935),
      (3.5, 1.103156640645243187226), (10, 2.251752589066721107647),
      (12, 2.442661679975812016738), (1e3, 6.90725519564881205205),
      (1e6, 13.81551005796419077077), (1e300, 690.7755278982137052579),
      (-0.001, 999.4211381978913337568), (-0.25, 2.914139120213527830373),
      (-0.5, 0.03648997397857652055902), (-1.5, 0.7031566406452431872257),
      (-2.75, -1.959055264977997009821), (-10.3, 4.662403493582087017508),
      (-1000.7, 4.626453932621574210412),
    ] as [(Double, Double)])
  func digammaAgreesWithLongLiterals(_ x: Double, _ expected: Double) {
    let value = Formula.digamma("x").evaluate(["x": x])
    #expect(abs(value - expected) <= 1e-15 * max(1, abs(expected)), "digamma(\(x)) is \(value)")
  }

  @Test func digammaRecurs() {
    // psi(x + 1) = psi(x) + 1/x, at 10,000 places.
    var random = SplitMix(state: 5)
    for _ in 0..<10_000 {
      let x = Double.random(in: 0.01...30, using: &random)
      let next = digammaValue(x + 1)
      let sum = digammaValue(x) + 1 / x
      #expect(abs(next - sum) <= 3e-15 * max(1, 1 / x), "seed 5: \(x)")
    }
  }

  @Test func missingValuesOfLiteralsKeepTheirMeaning() {
    #expect(Formula(.infinity).evaluate([:]) == inf)
    #expect(Formula(-.infinity).evaluate([:]) == -inf)
    #expect(Formula(.nan).evaluate([:]).isNaN)
    #expect(Formula(.infinity).number == nil)
    #expect(Formula(2).number == 2)
    #expect(Formula(0) != Formula(-0.0))
  }
}
