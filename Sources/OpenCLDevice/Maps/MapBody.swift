import Compute

/// The statements that compute one chunk of a map's results.
struct MapBody {
  private(set) var statements: [String] = []
  /// The name of each step's value.
  private var names: [String] = []
  /// e^-|x| of an argument, by its step: softplus and sigmoid share it.
  private var exponentials: [Int: String] = [:]
  private let steps: FormulaSteps

  /// - Parameter formulas: The formulas to compute; `value(of:)` names the value of each.
  init(_ formulas: [Formula]) {
    steps = FormulaSteps(formulas)
    for index in steps.steps.indices { names.append(append(index)) }
  }

  /// The name of a formula's value.
  func value(of formula: Int) -> String { names[steps.results[formula]] }

  /// The name of 1 + e^-|x| for the value of a formula.
  mutating func factor(of formula: Int) -> String {
    "(\(Self.number(1)) + \(exponential(steps.results[formula])))"
  }

  private mutating func exponential(_ step: Int) -> String {
    if let known = exponentials[step] { return known }
    let name = "e\(step)"
    statements.append("real \(name) = exp_negative(-fabs(\(names[step])));")
    exponentials[step] = name
    return name
  }

  /// Appends what computes a step; returns the name of its value.
  private mutating func append(_ index: Int) -> String {
    let step = steps.steps[index]
    let operands = step.operands.map { names[$0] }
    switch step.operation {
    case .number(let value): return Self.number(value)
    case .variable(let name): return Self.variable(name)
    default:
      let expression = expression(step, operands)
      statements.append("real t\(index) = \(expression);")
      return "t\(index)"
    }
  }

  private mutating func expression(_ step: FormulaSteps.Step, _ operands: [String]) -> String {
    switch step.operation {
    case .number, .variable: return ""
    case .add: return sum(step, operands, isDifference: false)
    case .subtract: return sum(step, operands, isDifference: true)
    case .multiply: return "\(operands[0]) * \(operands[1])"
    case .divide: return "\(operands[0]) / \(operands[1])"
    case .negate: return "-\(operands[0])"
    case .less: return "less_real(\(operands.joined(separator: ", ")))"
    case .where: return selection(step, operands)
    case .power: return power(step, operands)
    case .function(let function): return call(function, step, operands)
    }
  }

  /// A product that a sum takes is rounded with it, once.
  private func sum(
    _ step: FormulaSteps.Step, _ operands: [String], isDifference: Bool
  ) -> String {
    func factors(_ operand: Int) -> (String, String)? {
      let part = steps.steps[step.operands[operand]]
      guard case .multiply = part.operation else { return nil }
      return (names[part.operands[0]], names[part.operands[1]])
    }
    if let (a, b) = factors(0) {
      return "fma(\(a), \(b), \(isDifference ? "-" : "")\(operands[1]))"
    }
    if let (a, b) = factors(1) {
      return "fma(\(isDifference ? "-" : "")\(a), \(b), \(operands[0]))"
    }
    return "\(operands[0]) \(isDifference ? "-" : "+") \(operands[1])"
  }

  /// A comparison that a selection takes is not made a number first.
  private func selection(_ step: FormulaSteps.Step, _ operands: [String]) -> String {
    let condition = steps.steps[step.operands[0]]
    guard case .less = condition.operation else {
      return "where_real(\(operands.joined(separator: ", ")))"
    }
    let (a, b) = (names[condition.operands[0]], names[condition.operands[1]])
    return "\(a) < \(b) ? \(operands[1]) : \(operands[2])"
  }

  private func power(_ step: FormulaSteps.Step, _ operands: [String]) -> String {
    if case .number(let exponent) = steps.steps[step.operands[1]].operation {
      if exponent == 2 { return "\(operands[0]) * \(operands[0])" }
      if let whole = Int(exactly: exponent), abs(whole) <= 16 {
        return "power_whole(\(operands[0]), \(whole))"
      }
      if exponent == 0.5 { return "power_half(\(operands[0]))" }
    }
    return "power_real(\(operands[0]), \(operands[1]))"
  }

  private mutating func call(
    _ function: Formula.Function, _ step: FormulaSteps.Step, _ operands: [String]
  ) -> String {
    let list = operands.joined(separator: ", ")
    return switch function {
    case .exp: "exp_real(\(list))"
    case .log: logarithm(step, operands)
    case .log1p: "log1p_real(\(list))"
    case .expm1: "expm1_real(\(list))"
    case .sqrt: "sqrt(\(list))"
    case .tanh: "tanh_real(\(list))"
    case .sigmoid: "logistic_from(\(list), \(exponential(step.operands[0])))"
    case .softplus: "softplus_from(\(list), \(exponential(step.operands[0])))"
    case .lgamma: "lgamma_real(\(list))"
    case .digamma: "digamma_real(\(list))"
    case .abs: "fabs(\(list))"
    case .sign: "sign_real(\(list))"
    case .min: "min_real(\(list))"
    case .max: "max_real(\(list))"
    }
  }

  /// log(sigmoid(x)) is -softplus(-x), which is finite where single precision has no sigmoid left.
  private mutating func logarithm(_ step: FormulaSteps.Step, _ operands: [String]) -> String {
    let argument = steps.steps[step.operands[0]]
    guard case .function(.sigmoid) = argument.operation else { return "log_full(\(operands[0]))" }
    let x = argument.operands[0]
    return "-softplus_from(-\(names[x]), \(exponential(x)))"
  }

  /// A value of the control record, or an input.
  static func variable(_ name: String) -> String {
    if let value = Control.Value.allCases.first(where: { $0.variable == name }) {
      return "(real)(c->control->\(value.rawValue))"
    }
    return name
  }

  /// A number at every lane.
  static func number(_ value: Double) -> String { "(real)(\(literal(value)))" }

  /// A number as OpenCL C writes it, exact in its bits. What single precision lacks is infinite or 0.
  static func literal(_ value: Double) -> String {
    let float = Float(value)
    if float.isInfinite { return float < 0 ? "-INFINITY" : "INFINITY" }
    let digits = "\(float)"
    return (digits.contains(".") || digits.contains("e") ? digits : digits + ".0") + "f"
  }
}
