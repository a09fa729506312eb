extension Formula {
  /// The derivative by a variable; the number 0 if the formula does not depend on it.
  ///
  /// A part that does not depend on the variable has no derivative rather than one of 0, so what
  /// is infinite there is never multiplied by 0. At a kink (`abs`, `min`, `max`, `where`) this is
  /// the derivative of the branch that the value comes from.
  ///
  /// - Throws: `FormulaError.noDerivative` if a `digamma` depends on the variable.
  public func derivative(by name: String) throws(FormulaError) -> Formula {
    // In `fold`, a part may be an equal node from elsewhere in the tree, but never another value.
    let derivative = try fold { (part, known: [(Formula, Formula?)]) throws(FormulaError) in
      (part, try part.derivative(by: name, operands: known.map(\.1)))
    }
    return derivative.1 ?? 0
  }

  /// The derivative given those of the operands; nil for none.
  private func derivative(
    by name: String, operands derivatives: [Formula?]
  ) throws(FormulaError) -> Formula? {
    if case .variable(let own) = operation { return own == name ? 1 : nil }
    guard derivatives.contains(where: { $0 != nil }) else { return nil }
    let a = operands[0]
    let first = derivatives[0]
    switch operation {
    case .number, .variable, .less: return nil
    case .negate: return first.map { -$0 }
    case .function(.min):
      return .where(.less(operands[1], a), derivatives[1] ?? 0, first ?? 0)
    case .function(.max):
      return .where(.less(a, operands[1]), derivatives[1] ?? 0, first ?? 0)
    case .function(let function):
      guard let first, let slope = try slope(of: function) else { return nil }
      return slope * first
    case .where:
      guard derivatives[1] != nil || derivatives[2] != nil else { return nil }
      return .where(a, derivatives[1] ?? 0, derivatives[2] ?? 0)
    case .add: return Self.sum(first, derivatives[1])
    case .subtract: return Self.difference(first, derivatives[1])
    case .multiply:
      return Self.sum(first.map { $0 * operands[1] }, derivatives[1].map { a * $0 })
    case .divide:
      // (a / b)' = (a' - (a / b) b') / b, with the quotient that is there already.
      return Self.difference(first, derivatives[1].map { self * $0 }).map { $0 / operands[1] }
    case .power: return powerDerivative(first, derivatives[1])
    }
  }

  /// (a^b)' = b a^(b-1) a' + a^b log(a) b', whose second part is 0 where a is: 0^b is 0.
  private func powerDerivative(_ first: Formula?, _ second: Formula?) -> Formula? {
    let (base, exponent) = (operands[0], operands[1])
    let byExponent = second.map { self * .where(base, .log(base), 0) * $0 }
    // a^0 is 1 for any a.
    guard let first, exponent.number != 0 else { return byExponent }
    return Self.sum(exponent * base.power(exponent - 1) * first, byExponent)
  }

  /// The derivative of a function of one operand at that operand; nil where it is 0 everywhere.
  private func slope(of function: Function) throws(FormulaError) -> Formula? {
    let x = operands[0]
    switch function {
    case .exp: return self
    case .log: return 1 / x
    case .log1p: return 1 / (1 + x)
    case .expm1: return .exp(x)
    case .sqrt: return 0.5 / self
    case .tanh: return 1 - self * self
    case .sigmoid: return self * (1 - self)
    case .softplus: return .sigmoid(x)
    case .lgamma: return .digamma(x)
    case .abs: return .sign(x)
    case .digamma: throw .noDerivative(function: function.rawValue)
    case .sign, .min, .max: return nil
    }
  }

  private static func sum(_ a: Formula?, _ b: Formula?) -> Formula? {
    guard let a, let b else { return a ?? b }
    return a + b
  }

  private static func difference(_ a: Formula?, _ b: Formula?) -> Formula? {
    guard let b else { return a }
    return a.map { $0 - b } ?? -b
  }
}
