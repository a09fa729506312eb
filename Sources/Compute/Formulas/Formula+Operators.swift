/// The builders of formulas. Each simplifies on the way, by the rewrites that keep every value, NaN
/// and infinities included: `0 * x` stays, since x may be infinite, and `x - x` stays.
/// One of them keeps less than every bit: `x + 0` becomes `x`, which differs when x is -0.
extension Formula {
  /// The formula of an operation and its operands, simplified.
  public init(_ operation: Operation, _ operands: [Formula]) {
    switch operation {
    case .number(let value): self.init(value)
    case .variable(let name): self = .variable(name)
    case .add: self = operands[0] + operands[1]
    case .subtract: self = operands[0] - operands[1]
    case .multiply: self = operands[0] * operands[1]
    case .divide: self = operands[0] / operands[1]
    case .power: self = operands[0].power(operands[1])
    case .negate: self = -operands[0]
    case .less: self = .less(operands[0], operands[1])
    case .where: self = .where(operands[0], operands[1], operands[2])
    case .function: self = Self.folded(operation, operands)
    }
  }

  public static func + (a: Formula, b: Formula) -> Formula {
    if let constant = constant(.add, [a, b]) { return constant }
    if a.number == 0 { return b }
    if b.number == 0 { return a }
    if let opposite = b.opposite { return a - opposite }
    if let opposite = a.opposite { return b - opposite }
    return Formula(unsimplified: .add, [a, b])
  }

  public static func - (a: Formula, b: Formula) -> Formula {
    if let constant = constant(.subtract, [a, b]) { return constant }
    if b.isNumber(0) { return a }
    if let opposite = b.opposite { return a + opposite }
    return Formula(unsimplified: .subtract, [a, b])
  }

  public static func * (a: Formula, b: Formula) -> Formula {
    if let constant = constant(.multiply, [a, b]) { return constant }
    for (factor, other) in [(a, b), (b, a)] {
      if factor.isNumber(1) { return other }
      if factor.isNumber(-1) { return -other }
    }
    if let first = a.negated {
      if let second = b.opposite { return first * second }
      return -(first * b)
    }
    if let second = b.negated {
      if let first = a.opposite { return first * second }
      return -(a * second)
    }
    return Formula(unsimplified: .multiply, [a, b])
  }

  public static func / (a: Formula, b: Formula) -> Formula {
    if b.isNumber(1) { return a }
    if b.isNumber(-1) { return -a }
    if let constant = constant(.divide, [a, b]) { return constant }
    if let first = a.negated {
      if let second = b.opposite { return first / second }
      return -(first / b)
    }
    if let second = b.negated {
      if let first = a.opposite { return first / second }
      return -(a / second)
    }
    return Formula(unsimplified: .divide, [a, b])
  }

  public static prefix func - (a: Formula) -> Formula {
    if let value = a.number { return Formula(-value) }
    return a.negated ?? Formula(unsimplified: .negate, [a])
  }

  /// This formula to the power of another.
  public func power(_ exponent: Formula) -> Formula {
    exponent.isNumber(1) ? self : Self.folded(.power, [self, exponent])
  }

  /// 1 where a is less than b, else 0.
  public static func less(_ a: Formula, _ b: Formula) -> Formula { folded(.less, [a, b]) }

  /// 1 where x is a number, infinities included; 0 where it is NaN, which is less than nothing.
  public static func isNumber(_ x: Formula) -> Formula { less(-1, abs(x)) }

  /// `a` where the condition is neither 0 nor NaN, else `b`. The branch that is not taken has no
  /// influence on the value or on the derivative.
  public static func `where`(_ condition: Formula, _ a: Formula, _ b: Formula) -> Formula {
    if let value = condition.number { return value == 0 ? b : a }
    return a == b ? a : Formula(unsimplified: .where, [condition, a, b])
  }
}

extension Formula {
  /// The number that an operation on numbers makes, if it is finite.
  private static func constant(_ operation: Operation, _ operands: [Formula]) -> Formula? {
    let numbers = operands.compactMap(\.number)
    guard numbers.count == operands.count else { return nil }
    let value = operation.value(of: numbers)
    return value.isFinite ? Formula(value) : nil
  }

  /// The operation's value if the operands are numbers, else its node.
  private static func folded(_ operation: Operation, _ operands: [Formula]) -> Formula {
    constant(operation, operands) ?? Formula(unsimplified: operation, operands)
  }

  /// `x` if this is `-x`.
  private var negated: Formula? {
    if case .negate = operation { operands[0] } else { nil }
  }

  /// `x` if this is `-x`, or if it is a number with a minus sign.
  private var opposite: Formula? {
    if let value = number { return value.sign == .minus ? Formula(-value) : nil }
    return negated
  }

  private func isNumber(_ value: Double) -> Bool { number?.bitPattern == value.bitPattern }
}

extension Formula {
  public static func exp(_ x: Formula) -> Formula { folded(.function(.exp), [x]) }
  public static func log(_ x: Formula) -> Formula { folded(.function(.log), [x]) }
  public static func log1p(_ x: Formula) -> Formula { folded(.function(.log1p), [x]) }
  public static func expm1(_ x: Formula) -> Formula { folded(.function(.expm1), [x]) }
  public static func sqrt(_ x: Formula) -> Formula { folded(.function(.sqrt), [x]) }
  public static func tanh(_ x: Formula) -> Formula { folded(.function(.tanh), [x]) }
  public static func sigmoid(_ x: Formula) -> Formula { folded(.function(.sigmoid), [x]) }
  public static func softplus(_ x: Formula) -> Formula { folded(.function(.softplus), [x]) }
  public static func lgamma(_ x: Formula) -> Formula { folded(.function(.lgamma), [x]) }
  public static func digamma(_ x: Formula) -> Formula { folded(.function(.digamma), [x]) }
  public static func abs(_ x: Formula) -> Formula { folded(.function(.abs), [x]) }
  public static func sign(_ x: Formula) -> Formula { folded(.function(.sign), [x]) }
  public static func min(_ a: Formula, _ b: Formula) -> Formula {
    folded(.function(.min), [a, b])
  }
  public static func max(_ a: Formula, _ b: Formula) -> Formula {
    folded(.function(.max), [a, b])
  }
}

extension Formula.Function {
  /// The function of as many operands as it takes, `x` first.
  public func formula(_ x: Formula, _ y: Formula) -> Formula {
    Formula(.function(self), argumentCount == 2 ? [x, y] : [x])
  }
}
