import Testing

@testable import Compute
@testable import RandomFormulas

@Suite struct FormulaPrintingTests {
  private let x: Formula = "x"
  private let y: Formula = "y"

  @Test func parenthesesAreMinimal() throws {
    let cases: [(Formula, String)] = [
      (x + y * 2, "x + y * 2"), ((x + y) * 2, "(x + y) * 2"), (x - (y - 1), "x - (y - 1)"),
      (x - y - 1, "x - y - 1"), (x / (y * 2), "x / (y * 2)"), (x / y * 2, "x / y * 2"),
      (x * (y / 2), "x * (y / 2)"), (x.power(y).power(2), "(x^y)^2"),
      (x.power(y.power(2)), "x^y^2"), (-x.power(2), "-x^2"), ((-x).power(2), "(-x)^2"),
      (x.power(-2), "x^-2"), (x.power(-y), "x^-y"), (Formula(-2).power(x), "(-2)^x"),
      (-2 * x, "-2 * x"), (x * -2, "x * -2"), (-(x + y), "-(x + y)"), (-(x * y), "-(x * y)"),
      (.less(x, y) + 1, "(x < y) + 1"), (.less(x, y + 1), "x < y + 1"),
      (.less(.less(x, y), 1), "(x < y) < 1"), (.exp(x + y), "exp(x + y)"),
      (.where(.less(x, 0), .log(-x), .max(x, 1)), "where(x < 0, log(-x), max(x, 1))"),
      (Formula(3), "3"), (Formula(-0.0), "-0"), (Formula(1e-7), "1e-07"), (Formula(1e22), "1e+22"),
      (Formula(.pi), "pi"), (x * Formula(-.pi), "x * -pi"), (Formula(.infinity), "1 / 0"),
      (Formula(-.infinity), "-1 / 0"), (Formula(.nan), "0 / 0"), (1 / x, "1 / x"),
      (x + -2, "x - 2"), (.digamma(x), "digamma(x)"),
    ]
    for (formula, text) in cases {
      #expect(formula.description == text)
      let parsed = try Formula(parsing: text, variables: ["x", "y"], derived: true)
      #expect(parsed == formula, "\(text)")
    }
  }

  @Test func whatIsPrintedIsParsed() throws {
    var formulas = RandomFormulas(seed: 1)
    var lengths = 0
    for index in 0..<10_000 {
      let formula = formulas.next(variables: ["x", "y", "scale_1"])
      let text = formula.description
      let parsed = try Formula(parsing: text, variables: ["x", "y", "scale_1"])
      try #require(parsed == formula, "seed 1, formula \(index): \(text), parsed as \(parsed)")
      #expect(parsed.hashValue == formula.hashValue)
      lengths += text.count
    }
    #expect(lengths > 200_000, "the formulas are trivial")
  }

  @Test func whatDerivativesPrintIsParsed() throws {
    var formulas = RandomFormulas(seed: 2)
    var parsedCount = 0
    for index in 0..<10_000 {
      let derivative = try formulas.next(variables: ["x", "y"]).derivative(by: "x")
      let text = derivative.description
      // Printing writes shared parts out, so a few are longer than what is parsed.
      guard let parsed = try? Formula(parsing: text, variables: ["x", "y"], derived: true)
      else { continue }
      parsedCount += 1
      try #require(parsed == derivative, "seed 2, formula \(index): \(text)")
    }
    #expect(parsedCount > 9_500)
  }

  @Test func numbersKeepTheirBits() throws {
    var random = SplitMix(state: 3)
    for _ in 0..<10_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      let parsed = try Formula(parsing: Formula(value).description, variables: [])
      #expect(parsed.number?.bitPattern == value.bitPattern)
    }
  }
}
