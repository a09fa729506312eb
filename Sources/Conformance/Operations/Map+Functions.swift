import Compute

extension CaseTable {
  /// Each function and operator where it is well-conditioned, then at NaN, infinities and zeros.
  func functionCases() -> [ConformanceCase] {
    Formula.Function.allCases.flatMap { cases(of: $0) } + operatorCases()
  }

  private static let size = RowSize(3, 5, 67)

  private func cases(of function: Formula.Function) -> [ConformanceCase] {
    if function.argumentCount == 2 {
      return binary(function.rawValue, .exact, -4...4) { function.formula($0, $1) }
    }
    let ranges = function.ranges.map { range in
      unary(
        "\(function.rawValue),\(range.lowerBound) to \(range.upperBound)", .uniform(range),
        function.tolerance
      ) { function.formula($0, $0) }
    }
    let special = unary(
      "\(function.rawValue),special", function.special,
      function.tolerance == .exact ? .elementwise : function.tolerance
    ) { function.formula($0, $0) }
    return ranges + [special]
  }

  private func unary(
    _ name: String, _ values: MapValues, _ tolerance: Tolerance,
    _ formula: (Formula) -> Formula
  ) -> ConformanceCase {
    var map = MapCaseBuilder(name, Self.size, seed)
    let x = map.element("x", values)
    map.result("value", formula(x), tolerance)
    return map.finish()
  }

  /// A function of two operands between two bounds, and at the pairs of special numbers.
  private func binary(
    _ name: String, _ tolerance: Tolerance, _ range: ClosedRange<Float>,
    second: MapValues = .normal(), _ formula: (Formula, Formula) -> Formula
  ) -> [ConformanceCase] {
    let special = [.nan, .infinity, -.infinity, 0, -0.0, 1, -1, 0.5] as [Float]
    let pairs = special.flatMap { first in special.map { (first, $0) } }
    let choices: [(String, Tolerance, MapValues, MapValues)] = [
      (name, tolerance, .uniform(range), second),
      // Not exact: a NaN may have any bits.
      (
        "\(name),special", tolerance == .exact ? .elementwise : tolerance,
        .cycle(pairs.map(\.0)), .cycle(pairs.map(\.1))
      ),
    ]
    return choices.map { name, tolerance, first, second in
      var map = MapCaseBuilder(name, Self.size, seed)
      let (x, y) = (map.element("x", first), map.element("y", second))
      map.result("value", formula(x, y), tolerance)
      return map.finish()
    }
  }

  private func operatorCases() -> [ConformanceCase] {
    // Single operations on numbers of single precision, which IEEE 754 rounds one way.
    [unary("negate", .normal(), .exact, -)]
      + [unary("negate,special", Formula.Function.abs.special, .elementwise, -)]
      + binary("add", .exact, -4...4, +)
      + binary("subtract", .exact, -4...4, -)
      + binary("multiply", .exact, -4...4, *)
      + binary("divide", .elementwise, -4...4, second: .uniform(0.5...3), /)
      + binary("less", .exact, -1...1) { .less($0, $1) }
      + binary("power", .power, 0.5...3) { $0.power($1) }
      + binary("whole powers", .power, -2...2) { x, y in
        x.power(2) + y.power(3) + (x + 4).power(-2)
      }
      + binary("where", .exact, -1...1) { .where(.less($0, $1), $0, $1) }
      // The condition is neither 0 nor NaN; what is not taken has no influence.
      + binary("where with a number", .elementwise, -1...1) { .where($0, $1, 2) }
      + binary("where not taken", .elementwise, -2...2) { x, y in
        .where(.less(0, x), .log(x), .where(.less(y, 0), .sqrt(-y), 1 / (y + 3)))
      }
  }
}

extension Formula.Function {
  /// Ranges in which the value is about as exact as its operand. Errors are relative to the size of
  /// a whole tensor, so that each range has values of one size.
  fileprivate var ranges: [ClosedRange<Float>] {
    switch self {
    case .exp: [-1...1, -41...(-40), 40...41]
    case .log: [0.5...2, 1e-20...2e-20, 1e20...2e20]
    case .log1p: [-0.5...0.5, 1e-6...2e-6, 1e10...2e10]
    case .expm1: [-0.5...0.5, 1e-6...2e-6, -30...(-20), 20...21]
    case .sqrt: [0.25...4, 1e-20...2e-20]
    case .tanh: [-2...2, 1e-4...2e-4, 9...20]
    case .sigmoid: [-4...4, -41...(-40), 30...100]
    case .softplus: [-4...4, -41...(-40), 30...100]
    case .lgamma: [0.5...4, 1e-3...2e-3, 10...100, 1e4...2e4]
    case .digamma: [0.5...4, 1e-3...2e-3, 10...100, 1e4...2e4]
    case .abs, .sign: [-4...4]
    case .min, .max: []
    }
  }

  /// Each number that behaves in a way of its own. The poles of the gamma family are left out, for
  /// nothing is said of them.
  fileprivate var special: MapValues {
    switch self {
    case .lgamma, .digamma: .cycle([.nan, .infinity, 0.5, 1, 2, 3.5])
    case .exp, .log, .log1p, .expm1, .sqrt, .tanh, .sigmoid, .softplus, .abs, .sign, .min, .max:
      .cycle([.nan, .infinity, -.infinity, 0, -0.0, 1, -1, 0.5, -2, 200, -200])
    }
  }

  fileprivate var tolerance: Tolerance {
    switch self {
    case .abs, .sign, .min, .max: .exact
    case .exp, .log, .log1p, .expm1, .sqrt, .sigmoid, .softplus, .tanh: .elementwise
    case .lgamma, .digamma: .gamma
    }
  }
}
