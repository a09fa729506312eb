import Testing

@testable import Compute
@testable import RandomFormulas

/// The operations of a formula as they were written, without any rewriting.
private struct Written {
  let operation: Formula.Operation
  let operands: [Written]
  /// The formula that the constructors build.
  let formula: Formula

  init(_ operation: Formula.Operation, _ operands: [Written]) {
    self.operation = operation
    self.operands = operands
    formula = Formula(operation, operands.map(\.formula))
  }

  /// The value, walking the tree. The one rewrite that may turn 0 into -0, `x + 0`, is made here
  /// too: a sum with a literal zero is its other operand.
  func value(_ values: [String: Double]) -> Double {
    if case .variable(let name) = operation { return values[name] ?? .nan }
    let numbers = operands.map { $0.value(values) }
    if operation == .add || operation == .subtract {
      let literals = operands.map(\.formula.number)
      if literals[1] == 0, literals[0] == nil { return numbers[0] }
      if literals[0] == 0, literals[1] == nil {
        if operation == .add { return numbers[1] }
        // 0 - (-x) is 0 + x.
        if operands[1].formula.operation == .negate { return -numbers[1] }
      }
    }
    return operation.value(of: numbers)
  }

  static func random(_ random: inout SplitMix, depth: Int) -> Written {
    guard depth > 0, Int.random(in: 0..<6, using: &random) > 0 else {
      let leaves: [Formula] = ["x", "y", "x", "y", -1, 1, 0, -0.0, 2, -2.5, 1e200, 1e-200]
      let leaf = leaves.randomElement(using: &random)!
      // -0 is 0 negated.
      return Written(leaf.operation, leaf.operands.map { Written($0.operation, []) })
    }
    let functions = Formula.Function.allCases.map { Formula.Operation.function($0) }
    let frequent: [Formula.Operation] = [.add, .subtract, .multiply, .divide, .negate]
    let operations =
      frequent + frequent + frequent + [.power, .less, .where] + functions
    let operation = operations.randomElement(using: &random)!
    let count =
      switch operation {
      case .function(let function): function.argumentCount
      case .where: 3
      case .negate: 1
      default: 2
      }
    return Written(operation, (0..<count).map { _ in .random(&random, depth: depth - 1) })
  }
}

@Suite struct FormulaSimplificationTests {
  private let x: Formula = "x"
  private let y: Formula = "y"

  @Test func valuesStayBitForBit() {
    var random = SplitMix(state: 6)
    let places: [Double] = [
      0, -0.0, 1, -1, 0.7, -2.3, 1e300, -1e300, .leastNonzeroMagnitude, .infinity, -.infinity, .nan,
    ]
    var compared = 0
    var rewritten = 0
    for index in 0..<10_000 {
      let written = Written.random(&random, depth: 5)
      let formula = written.formula
      var unsimplified = 0
      for _ in 0..<6 {
        let values = [
          "x": places.randomElement(using: &random)!, "y": places.randomElement(using: &random)!,
        ]
        let (expected, found) = (written.value(values), formula.evaluate(values))
        compared += 1
        if expected.isNaN && found.isNaN { continue }
        unsimplified += 1
        #expect(
          expected.bitPattern == found.bitPattern,
          "seed 6, formula \(index): \(formula) at \(values): \(found), not \(expected)")
      }
      if unsimplified > 0, formula.nodeCount > 1 { rewritten += 1 }
    }
    #expect(compared == 60_000)
    #expect(rewritten > 4_000, "too few formulas have numbers for values")
  }

  @Test func equalThingsBecomeEqual() {
    let same: [(Formula, Formula)] = [
      (1 * x, x), (x * 1, x), (x / 1, x), (x - 0, x), (x + 0, x), (0 + x, x), (x.power(1), x),
      (-(-x), x), (x * -1, -x), (-1 * x, -x), (x / -1, -x), (-Formula(2), -2), (x + -y, x - y),
      (x - -y, x + y), (-x + y, y - x), (x + -2, x - 2), (x - -2, x + 2), (-x * y, -(x * y)),
      (x * -y, -(x * y)), (-x * -y, x * y), (-x / y, -(x / y)), (x / -y, -(x / y)),
      (-x / -y, x / y), (-x * -2, x * 2), (.where(x, y, y), y), (.where(1, x, y), x),
      (.where(0, x, y), y), (2 + Formula(3) * 4, 14), (.exp(0), 1), (.less(1, 2), 1),
      (Formula(2).power(-1), 0.5), (.max(1, 2), 2), (.where(.less(2, 1), x, y), y),
    ]
    for (first, second) in same {
      #expect(first == second)
      #expect(first.hashValue == second.hashValue)
    }
  }

  @Test func whatMayChangeAValueStays() {
    for formula in [0 * x, x * 0, x - x, x / x, .exp(.log(x)), .log(.exp(x)), x * 2 / 2, 0 - x] {
      #expect(formula.number == nil)
      #expect(formula != x && formula != -x)
    }
    // A fold that would overflow stays as it was written.
    #expect(Formula(1e308) * 10 == Formula(unsimplified: .multiply, [1e308, 10]))
    #expect(Formula.log(0).number == nil)
    #expect((Formula(1) / 0).number == nil)
  }

  @Test func partsAreReplaced() {
    let formula = Formula.exp(x + y) * (x + y)
    #expect(formula.replacing(x + y, with: x) == .exp(x) * x)
    #expect(formula.substituting(["y": 0]) == .exp(x) * x)
    #expect(formula.substituting(["x": y, "y": x]) == .exp(y + x) * (y + x))
    #expect(formula.substituting(["z": 1]) == formula)
    #expect(formula.substituting(["x": 1, "y": -1]).number == 0)
    #expect(formula.replacing(formula, with: 3) == 3)
    #expect(formula.variables == ["x", "y"])
    #expect(formula.nodeCount == 5)
    #expect(formula.depth == 4)
  }
}
