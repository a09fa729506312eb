import Compute
import Foundation
import Testing

@testable import Artifacts

@Suite struct ONNXFormulaTests {
  /// The graph of a formula whose variables are all arrays of one column.
  private func graph(_ formula: Formula, _ variables: [String]) throws -> ONNXFile {
    var graph = ONNXGraph("formula")
    var rows: [String: String] = [:]
    for name in variables { rows[name] = graph.input("\(name).0", columns: 1) }
    graph.append(formula, rows: rows, like: "x.0", to: "result")
    graph.output("result", columns: 1)
    let file = try ONNXFile(graph.file)
    #expect(try file.columns()["result"] != nil)
    return file
  }

  private func graph(_ text: String) throws -> ONNXFile {
    try graph(try Formula(parsing: text, variables: ["x", "y"]), ["x", "y"])
  }

  private func operations(_ text: String) throws -> [String] {
    try graph(text).nodes.map(\.operation)
  }

  /// Numbers of both signs and all sizes, and those that are special.
  private static let grid: [Float] = {
    let sizes = stride(from: -30, through: 3, by: 0.125).map { Float(pow(10, $0)) }
    let steps = (1...400).map { Float($0) * 0.2503 }
    let special: [Float] = [0, 1, 0.5, 88, 104, .infinity]
    return (sizes + steps + special).flatMap { [$0, -$0] } + [.nan]
  }()

  private func expectAgreement(
    _ formula: Formula, on grid: [Float], relative: Double, absolute: Double = 1e-37
  ) throws {
    let partners = grid.indices.map { grid[(7 * $0 + 3) % grid.count] }
    let file = try graph(formula, ["x", "y"])
    let found = try #require(try file.run(["x.0": grid, "y.0": partners])["result"])
    let values = ["x": grid.map(Double.init), "y": partners.map(Double.init)]
    let expected = FormulaSteps([formula]).evaluate(count: grid.count, values)[0]
    try #require(found.count == grid.count)
    for (place, (found, expected)) in zip(found, expected).enumerated() {
      let single = Float(expected)
      let error = (Double(found) - expected).magnitude
      let agrees =
        single.isFinite
        ? error <= absolute + relative * expected.magnitude
        : found == single || (found.isNaN && single.isNaN)
      #expect(
        agrees,
        "\(formula) at x = \(grid[place]), y = \(partners[place]): \(found), expected \(expected)")
    }
  }

  @Test(arguments: [
    "exp(x)", "log(x)", "log1p(x)", "expm1(x)", "sqrt(x)", "tanh(x)", "sigmoid(x)", "softplus(x)",
    "abs(x)", "sign(x)", "-x", "x + y", "x - y", "x * y", "x / y", "x ^ y", "min(x, y)",
    "max(x, y)", "x < y", "where(x < y, x, y)", "where(x, y, 7)", "where(y, 1 < x, x)",
    "where(x < y, 1, 2) * (x < y)", "softplus(-x)", "sigmoid(-x)",
  ])
  func functionsAreRightInBothTails(text: String) throws {
    let formula = try Formula(parsing: text, variables: ["x", "y"])
    try expectAgreement(formula, on: Self.grid, relative: 4e-7)
  }

  @Test func gammaFunctionsAreRightForPositiveNumbers() throws {
    let positive = Self.grid.filter { !($0 < 0) && !$0.isZero } + [1, 2, 1.4616321, 1e30]
    try expectAgreement(.lgamma("x"), on: positive, relative: 1e-6, absolute: 1.5e-6)
    try expectAgreement(.digamma("x"), on: positive, relative: 1e-6, absolute: 1e-6)
    let negative = try graph("lgamma(x)").run(["x.0": [-0.5, -1.5, -7.5, 0], "y.0": [0, 0, 0, 0]])
    let found = try #require(negative["result"])
    #expect(found.prefix(3).allSatisfy(\.isNaN) && found[3] == .infinity)
  }

  @Test func everyFunctionIsExported() throws {
    for function in Formula.Function.allCases {
      let formula = function.formula("x", "y")
      #expect(try !graph(formula, ["x", "y"]).nodes.isEmpty, "\(function)")
    }
    let all = Formula.Function.allCases.reduce(Formula(0)) { sum, function in
      sum + function.formula("x", "y")
    }
    let places: [Float] = [0.3, 0.8, 2.5, 11]
    try expectAgreement(all, on: places, relative: 3e-6)
  }

  @Test func equalPartsAreComputedOnce() throws {
    #expect(try operations("exp(x) * exp(x) + exp(x)") == ["Exp", "Mul", "Add"])
    #expect(try operations("x * y + y * x") == ["Mul", "Add"])
    // Both stable forms take exp(-|x|).
    let both = try operations("sigmoid(x) + softplus(x)")
    #expect(both.count { $0 == "Exp" } == 1 && both.count { $0 == "Neg" } == 1)
  }

  @Test func numbersAreSharedInitializers() throws {
    let file = try graph("2 * x + y ^ 2 - 0.5 * (x + 0.5)")
    #expect(Set(file.arrays.keys) == ["formula.number.2.0", "formula.number.0.5"])
    #expect(file.arrays["formula.number.0.5"]?.values == [0.5])
    #expect(file.arrays["formula.number.0.5"]?.shape == [])
  }

  @Test func comparisonsAreConditionsAsTheyAre() throws {
    #expect(try operations("where(x < y, x, y)") == ["Less", "Where"])
    #expect(try operations("where(x < y, x, y) + (x < y)") == ["Less", "Where", "Cast", "Add"])
    #expect(try operations("where(x, y, 1)") == ["Abs", "Less", "Where"])
    #expect(
      try operations("where(x, y, 1) * where(x, 1, y)")
        == ["Abs", "Less", "Where", "Where", "Mul"])
  }

  @Test func resultsHaveTheirNameAndTheirRows() throws {
    #expect(try operations("x") == ["Identity"])
    #expect(try operations("x < y") == ["Less", "Cast"])
    #expect(try operations("3") == ["Shape", "Expand"])
    #expect(try operations("1 / 0") == ["Div", "Shape", "Expand"])
    let constant = try graph("3").run(["x.0": [1, 2], "y.0": [0, 0]])
    #expect(constant["result"] == [3, 3])
  }

  @Test func deepFormulasAreWritten() throws {
    let deep = (0..<20_000).reduce(Formula.variable("x")) { part, _ in .tanh(part + "y") }
    #expect(try graph(deep, ["x", "y"]).nodes.count == 40_000)
  }
}
