@testable import Compute
@testable import RandomFormulas

/// Formulas at some places in double precision, with how far single precision may be from that.
///
/// The steps are computed again a few times with errors of the size that each is allowed. What comes
/// out tells how well-conditioned each place is: a kernel whose steps are as exact as it claims is
/// within a few times the largest deviation.
struct FormulaTrial {
  /// A formula's value at a place.
  struct Value {
    var exact: Double
    /// The largest error that passes; nil where nothing can be said: single precision leaves its
    /// range, takes another branch or loses most digits on the way.
    var limit: Double?
  }

  /// By formula, then by place.
  let values: [[Value]]

  /// - Parameters:
  ///   - formulas: The formulas.
  ///   - places: The values of every variable at each place.
  ///   - repetitions: How often the steps are computed with errors.
  init(
    _ formulas: [Formula], at places: [[String: Double]], repetitions: Int = 6,
    errors: inout RandomFormulas
  ) {
    let steps = FormulaSteps(formulas)
    var values = formulas.map { _ in [Value]() }
    for place in places {
      let exact = Self.results(steps, place) { value, _ in value }
      let others = (0..<repetitions).map { _ in
        Self.results(steps, place) { Self.rounded($0, $1, &errors) }
      }
      for index in formulas.indices {
        values[index].append(
          Value(exact: exact[index], limit: Self.limit(exact[index], others.map { $0[index] })))
      }
    }
    self.values = values
  }

  private static func results(
    _ steps: FormulaSteps, _ place: [String: Double],
    _ rounding: (Double, Formula.Operation) -> Double
  ) -> [Double] {
    var values: [Double] = []
    for step in steps.steps {
      if case .variable(let name) = step.operation {
        values.append(place[name] ?? .nan)
      } else {
        values.append(
          rounding(step.operation.value(of: step.operands.map { values[$0] }), step.operation))
      }
    }
    return steps.results.map { values[$0] }
  }

  /// A step's value with an error of the size that it may have; denormal numbers are 0.
  private static func rounded(
    _ value: Double, _ operation: Formula.Operation, _ errors: inout RandomFormulas
  ) -> Double {
    let size: Double =
      switch operation {
      case .negate, .less, .where, .variable, .function(.min), .function(.max), .function(.abs),
        .function(.sign):
        0
      case .number(let number): Double(Float(number)) == number ? 0 : 0x1p-24 * value.magnitude
      case .add, .subtract, .multiply: 0x1p-24 * value.magnitude
      case .divide: 0x1.4p-23 * value.magnitude
      case .power: 0x1p-21 * value.magnitude
      case .function(.lgamma), .function(.digamma): 2e-7 * max(value.magnitude, 0.5)
      case .function: 0x1p-22 * value.magnitude
      }
    let moved = value + (size == 0 ? 0 : size * errors.number(in: -1...1))
    if moved.magnitude < Double(Float.leastNormalMagnitude) { return 0 }
    return moved.magnitude > Double(Float.greatestFiniteMagnitude)
      ? moved * .infinity : moved
  }

  private static func limit(_ exact: Double, _ others: [Double]) -> Double? {
    guard exact.isFinite, others.allSatisfy(\.isFinite) else {
      let areAlike = others.allSatisfy { exact.isNaN ? $0.isNaN : $0 == exact }
      return areAlike ? 0 : nil
    }
    let deviation = others.reduce(0) { max($0, abs($1 - exact)) }
    let limit = 4 * deviation + 0x1p-22 * exact.magnitude + Double(Float.leastNormalMagnitude)
    return limit <= 1e-3 * max(exact.magnitude, 1e-3) ? limit : nil
  }
}
