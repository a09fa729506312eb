import Compute

extension ONNXGraph {
  /// A step of a formula as the graph has it.
  private struct Value {
    /// The name of the float32 array.
    var number: String?
    /// The name of the array of truth values: neither 0 nor NaN.
    var condition: String?
    /// True for `(N, columns)`; false for what is the same for all rows.
    var isPerRow: Bool
  }

  /// Adds the nodes of a formula, whose equal parts are computed once.
  ///
  /// Its functions become primitives first: only operators on whose values runtimes agree are used.
  ///
  /// - Parameters:
  ///   - formula: The formula.
  ///   - rows: The names of its variables' arrays `(N, columns)`.
  ///   - vectors: The names of those that are the same for all rows, `(columns)` or `(1)`.
  ///   - like: An array of the result's shape.
  ///   - output: The name of the result, `(N, columns)`.
  mutating func append(
    _ formula: Formula, rows: [String: String], vectors: [String: String] = [:],
    like: String, to output: String
  ) {
    let steps = FormulaSteps([formula.inPrimitives])
    var values: [Value] = []
    for (index, step) in steps.steps.enumerated() {
      let isResult = index == steps.results[0]
      let isPerRow = step.operands.contains { values[$0].isPerRow }
      let name = isResult && isPerRow ? output : "\(output).\(index)"
      switch step.operation {
      case .number(let value): values.append(Value(number: number(value), isPerRow: false))
      case .variable(let variable):
        values.append(
          Value(number: rows[variable] ?? vectors[variable], isPerRow: rows[variable] != nil))
      case .less:
        let operands = step.operands.map { number(of: &values[$0], "\(output).\($0)") }
        let condition = node("Less", operands, "\(name).condition")
        values.append(Value(condition: condition, isPerRow: isPerRow))
      case .where:
        let condition = self.condition(of: &values[step.operands[0]])
        let branches = step.operands.dropFirst().map {
          number(of: &values[$0], "\(output).\($0)")
        }
        let result = node("Where", [condition] + branches, name)
        values.append(Value(number: result, isPerRow: isPerRow))
      default:
        let operands = step.operands.map { number(of: &values[$0], "\(output).\($0)") }
        let result = node(Self.operation(step.operation), operands, name)
        values.append(Value(number: result, isPerRow: isPerRow))
      }
    }
    finish(&values[steps.results[0]], like: like, to: output)
  }

  /// Gives the result its name, and another array's shape.
  private mutating func finish(_ result: inout Value, like shape: String, to output: String) {
    let number = number(of: &result, result.isPerRow ? output : "\(output).number")
    if !result.isPerRow {
      node("Expand", [number, node("Shape", [shape], "\(output).shape")], output)
    } else if number != output {
      node("Identity", [number], output)
    }
  }

  /// A step's numbers: 1 and 0 for truth values.
  private mutating func number(of value: inout Value, _ name: String) -> String {
    if let number = value.number { return number }
    guard let condition = value.condition else { preconditionFailure("'\(name)' has no value") }
    let number = node("Cast", [condition], name, attributes: ["to": Self.float32])
    value.number = number
    return number
  }

  /// A step's truth values.
  private mutating func condition(of value: inout Value) -> String {
    if let condition = value.condition { return condition }
    guard let number = value.number else { preconditionFailure("a condition has no value") }
    // No comparison with NaN is true.
    let size = node("Abs", [number], "\(number).size")
    let condition = node("Less", [self.number(0), size], "\(number).condition")
    value.condition = condition
    return condition
  }

  private static func operation(_ operation: Formula.Operation) -> String {
    switch operation {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .power: "Pow"
    case .negate: "Neg"
    case .function(.exp): "Exp"
    case .function(.log): "Log"
    case .function(.sqrt): "Sqrt"
    case .function(.tanh): "Tanh"
    case .function(.abs): "Abs"
    case .function(.min): "Min"
    case .function(.max): "Max"
    case .number, .variable, .less, .where, .function:
      preconditionFailure("\(operation) is no operator")
    }
  }
}
