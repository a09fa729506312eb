import Testing

@testable import Compute

@Suite struct FormulaParsingTests {
  private func value(_ text: String, x: Double = 2, y: Double = 3) throws -> Double {
    try Formula(parsing: text, variables: ["x", "y"]).evaluate(["x": x, "y": y])
  }

  @Test(
    arguments: [
      ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("x - y - 1", -2), ("x - (y - 1)", 0),
      ("x / y / 2", 1 / 3.0),
      ("x / (y / 2)", 4 / 3.0), ("x^y^2", 512), ("(x^y)^2", 64), ("-x^2", -4), ("(-x)^2", 4),
      ("2^-1", 0.5),
      ("2^-x^2", 0.0625), ("x^-1 * 3", 1.5), ("-x * y", -6), ("x - -y", 5), ("--x", 2),
      ("x * -y", -6),
      ("1 < x + 1", 1), ("x < x", 0), ("(x < y) < 1", 0), ("x + 1 < y * 2", 1), ("2 * (x < y)", 2),
      (".5 * 1e-3", 0.5e-3), ("2.5E2", 250), ("1e+2", 100), ("pi", Double.pi),
      ("2 * pi", 2 * Double.pi),
      ("min(x, y) + max(x, y) * 10", 32), ("where(x < y, x, y)", 2), ("where(y < x, x, y)", 3),
      ("where(0, x, y)", 3), ("where(-1, x, y)", 2), (" x\t*\n\ry ", 6), ("exp(log(x))", 2),
      ("sign(-x) * abs(-y)", -3), ("sqrt(x + x)", 2), ("min(x, max(y, 1) - 2)", 1),
    ] as [(String, Double)])
  func valuesFollowPrecedence(_ text: String, _ expected: Double) throws {
    #expect(abs(try value(text) - expected) <= 1e-15 * abs(expected), "\(text)")
  }

  @Test func namesMayHaveDigitsAndUnderscores() throws {
    let formula = try Formula(parsing: "_a1 * expo", variables: ["_a1", "expo"])
    #expect(formula == .variable("_a1") * .variable("expo"))
    #expect(formula.variables == ["_a1", "expo"])
  }

  @Test func textAndOperatorsAgree() throws {
    let x = Formula.variable("x")
    let text = try Formula(parsing: "x * a - softplus(a)", variables: ["x", "a"])
    #expect(text == x * "a" - .softplus("a"))
    #expect(text.hashValue == (x * "a" - .softplus("a")).hashValue)
    #expect(text != "a" * x - .softplus("a"))
  }

  private func message(_ text: String, _ variables: [String] = ["x", "mean"]) -> String {
    do throws(FormulaError) {
      return "parsed: \(try Formula(parsing: text, variables: variables))"
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    ("", "The formula is empty: expected a number, a name or '('."),
    (" \n ", "The formula is empty: expected a number, a name or '('."),
    ("x * (1 + mean) + )", "unexpected ')' at 18: expected a number, a name or '('"),
    ("x +", "unexpected end at 4: expected a number, a name or '('"),
    ("+x", "unexpected '+' at 1: expected a number, a name or '('"),
    ("x * / 2", "unexpected '/' at 5: expected a number, a name or '('"),
    ("x ** 2", "unexpected '*' at 4: expected a number, a name or '('"),
    ("2x", "unexpected 'x' at 2: expected an operator or the end"),
    ("1e", "unexpected 'e' at 2: expected an operator or the end"),
    ("5.", "unexpected '.' at 2: expected an operator or the end"),
    ("1.2.3", "unexpected '.3' at 4: expected an operator or the end"),
    ("x)", "unexpected ')' at 2: expected an operator or the end"),
    ("x(2)", "unexpected '(' at 2: expected an operator or the end"),
    ("pi(2)", "unexpected '(' at 3: expected an operator or the end"),
    ("x = 2", "unexpected '=' at 3: expected an operator or the end"),
    ("x, 2", "unexpected ',' at 2: expected an operator or the end"),
    ("x > 2", "unexpected '>' at 3: expected an operator or the end"),
    ("(x", "unexpected end at 3: expected an operator or ')'"),
    ("(x, 2)", "unexpected ',' at 3: expected an operator or ')'"),
    ("exp(x", "unexpected end at 6: expected an operator, ',' or ')'"),
    ("exp(x 2)", "unexpected '2' at 7: expected an operator, ',' or ')'"),
    ("max(x,)", "unexpected ')' at 7: expected a number, a name or '('"),
    ("é + 1", "unexpected 'é' at 1: expected a number, a name or '('"),
    ("x \u{0} 1", "unexpected '\\0' at 3: expected an operator or the end"),
    (
      "1 < x < 2",
      "unexpected '<' at 7: comparisons do not chain. Put one of them in parentheses."
    ),
    ("exp", "'exp' at 1 is a function: expected '(' after it"),
    ("x + where * 2", "'where' at 5 is a function: expected '(' after it"),
    ("exp()", "'exp' at 1 takes 1 argument, found 0"),
    ("1 + exp(x, x)", "'exp' at 5 takes 1 argument, found 2"),
    ("max(x)", "'max' at 1 takes 2 arguments, found 1"),
    ("where(x, 1)", "'where' at 1 takes 3 arguments, found 2"),
    ("1e999", "the number 1e999 at 1 is too large for a Double"),
    ("x + 9e308", "the number 9e308 at 5 is too large for a Double"),
  ])
  func mistakesAreToldWithTheirPlace(_ text: String, _ expected: String) {
    #expect(message(text) == expected)
  }

  private static let known =
    "Known names: x, mean, pi, exp, log, log1p, expm1, sqrt, tanh, sigmoid, softplus, lgamma, abs, "
    + "sign, min, max, where."

  @Test(arguments: [
    ("1+lgama(x)", "unknown name 'lgama' at 3. Did you mean 'lgamma'? "),
    ("x - maan", "unknown name 'maan' at 5. Did you mean 'mean'? "),
    // Two letters exchanged are two edits, more than a name of four letters is guessed from.
    ("x - maen", "unknown name 'maen' at 5. "),
    ("means * 2", "unknown name 'means' at 1. Did you mean 'mean'? "),
    ("x + Exp(x)", "unknown name 'Exp' at 5. Did you mean 'exp'? "),
    ("gaussian(x)", "unknown name 'gaussian' at 1. "),
    ("digamma(x)", "unknown name 'digamma' at 1. Did you mean 'lgamma'? "),
  ])
  func unknownNamesAreGuessed(_ text: String, _ beginning: String) {
    #expect(message(text) == beginning + Self.known)
  }

  @Test func variablesHaveNamesOfTheirOwn() {
    for name in ["exp", "pi", "where", "digamma", "min"] {
      #expect(
        message("1", ["x", name])
          == "A variable cannot be named '\(name)', which formulas know already. "
          + "Give it another name.")
    }
    for name in ["", "1x", "a b", "é", "a-b"] {
      #expect(message("1", [name]).hasPrefix("A variable cannot be named '\(name)': a name is"))
    }
    #expect(message("x", ["x", "x"]) == "parsed: x")
  }

  @Test func lengthIsLimited() throws {
    let longest = "x" + String(repeating: " ", count: 8191)
    #expect(message(longest) == "parsed: x")
    #expect(message(longest + " ") == "The formula has 8193 characters; the limit is 8192.")
  }

  @Test(arguments: ["(", "-", "2^", "exp(", "max(1,", "where(x,", "-(", "1+(2*("])
  func nestingIsLimited(_ opening: String) {
    let endless = String(repeating: opening, count: 8000 / opening.count)
    #expect(message(endless).contains("The formula is nested 201 deep at "), "\(opening)")
    #expect(message(endless).hasSuffix("; the limit is 200."), "\(opening)")
  }

  @Test func nestingOfTwoHundredIsRead() {
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "x" + String(repeating: ")", count: depth)
    }
    #expect(message(nested(200)) == "parsed: x")
    #expect(message(nested(201)) == "The formula is nested 201 deep at 201; the limit is 200.")
    let signs = String(repeating: "-", count: 200) + "x"
    #expect(message(signs) == "parsed: x")
    #expect(message("-" + signs) == "The formula is nested 201 deep at 201; the limit is 200.")
  }

  @Test func nodesAreLimited() throws {
    // 2,048 names and 2,047 sums.
    let longest = Array(repeating: "x", count: 2048).joined(separator: "+")
    let formula = try Formula(parsing: longest, variables: ["x"])
    #expect(formula.evaluate(["x": 0.5]) == 1024)
    #expect(formula.nodeCount == 2048)
    #expect(formula.depth == 2048)
    #expect(try formula.derivative(by: "x") == 2048)
    #expect(
      message(longest + "+x") == "The formula reaches 4097 nodes at 4097; the limit is 4096.")
  }
}
