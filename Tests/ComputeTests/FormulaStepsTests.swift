import Testing

@testable import Compute
@testable import RandomFormulas

@Suite struct FormulaStepsTests {
  private let x: Formula = "x"
  private let y: Formula = "y"

  @Test func sharedPartsAreComputedOnce() {
    let shared = Formula.exp(x - y)
    let steps = FormulaSteps([shared * x, x * .exp(x - y), shared + 1, shared])
    #expect(
      steps.steps == [
        .init(operation: .variable("x"), operands: []),
        .init(operation: .variable("y"), operands: []),
        .init(operation: .subtract, operands: [0, 1]),
        .init(operation: .function(.exp), operands: [2]),
        .init(operation: .multiply, operands: [3, 0]),
        .init(operation: .number(1), operands: []),
        .init(operation: .add, operands: [3, 5]),
      ])
    // A product's factors may change places.
    #expect(steps.results == [4, 4, 6, 3])
    #expect(steps.arithmetic == 4)
    #expect(FormulaSteps([]).steps.isEmpty)
    #expect(FormulaSteps([x - y, y - x]).arithmetic == 2)
    #expect(FormulaSteps([.min(x, y), .min(y, x)]).arithmetic == 2)
  }

  @Test func operandsAreEarlierSteps() throws {
    var formulas = RandomFormulas(seed: 7)
    for _ in 0..<1_000 {
      let formula = formulas.next(variables: ["x", "y"])
      let derivative = try formula.derivative(by: "y")
      let steps = FormulaSteps([derivative, formula])
      for (index, step) in steps.steps.enumerated() {
        #expect(step.operands.allSatisfy { 0..<index ~= $0 })
      }
      #expect(Set(steps.steps).count == steps.steps.count)
    }
  }

  @Test(arguments: [1, 2, 511, 512, 513, 1_500])
  func placesAgreeWithEvaluate(_ count: Int) {
    var formulas = RandomFormulas(seed: 8)
    for index in 0..<100 {
      let pair = (0..<2).map { _ in formulas.next(variables: ["x", "y", "z"]) }
      let x = (0..<count).map { _ in formulas.number(in: -2...2) }
      let z = (0..<count).map { _ in formulas.number(in: -2...2) }
      let results = FormulaSteps(pair).evaluate(count: count, ["x": x, "y": [0.7], "z": z])
      #expect(results.map(\.count) == [count, count])
      for (formula, result) in zip(pair, results) {
        for place in stride(from: 0, to: count, by: Swift.max(1, count / 20)) {
          let expected = formula.evaluate(["x": x[place], "y": 0.7, "z": z[place]])
          let found = result[place]
          #expect(
            expected.bitPattern == found.bitPattern || expected.isNaN && found.isNaN,
            "seed 8, formula \(index) at \(place) of \(count): \(formula)")
        }
      }
    }
  }

  @Test func everyOperationIsEvaluatedAtEachPlace() {
    let binary: [Formula.Operation] = [
      .add, .subtract, .multiply, .divide, .power, .less, .function(.min), .function(.max),
    ]
    let unary = Formula.Function.allCases.filter { $0.argumentCount == 1 }
    let formulas =
      binary.map { Formula($0, [x, y]) } + unary.map { Formula(.function($0), [x]) }
      + [-x, .where(.less(x, y), x, y), 3, x]
    let places = [-.infinity, -2.5, -0.0, 0, 1, 700, .infinity, .nan]
    let pairs = places.flatMap { first in places.map { (first, $0) } }
    let results = FormulaSteps(formulas).evaluate(
      count: pairs.count, ["x": pairs.map(\.0), "y": pairs.map(\.1)])
    for (formula, result) in zip(formulas, results) {
      for (pair, found) in zip(pairs, result) {
        let expected = formula.evaluate(["x": pair.0, "y": pair.1])
        #expect(
          expected.bitPattern == found.bitPattern || expected.isNaN && found.isNaN,
          "\(formula) at \(pair)")
      }
    }
  }

  @Test func nothingIsEvaluatedNowhere() {
    #expect(FormulaSteps([x, y]).evaluate(count: 0, ["x": [], "y": [1]]) == [[], []])
    #expect(FormulaSteps([3]).evaluate(count: 2, [:]) == [[3, 3]])
  }
}
