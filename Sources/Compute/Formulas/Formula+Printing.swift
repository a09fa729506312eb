/// How tightly the parts of a formula's text bind, the loosest first.
enum FormulaPrecedence: Int, Comparable {
  case comparison, sum, product, sign, power, atom

  static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The next tighter one.
  var tighter: Self { Self(rawValue: rawValue + 1) ?? self }
}

extension Formula: CustomStringConvertible {
  /// The formula as text, with the parentheses that it needs. Parsing it gives an equal formula.
  public var description: String {
    var text = ""
    write(to: &text, loosest: .comparison)
    return text
  }

  /// Appends this formula's text, in parentheses if it binds less tightly than `loosest`.
  private func write(to text: inout String, loosest: FormulaPrecedence) {
    let precedence = precedence
    if precedence < loosest { text += "(" }
    switch operation {
    case .number(let value): text += Self.text(of: value)
    case .variable(let name): text += name
    case .negate:
      text += "-"
      operands[0].write(to: &text, loosest: .power)
    case .power:
      operands[0].write(to: &text, loosest: .atom)
      text += "^"
      operands[1].write(to: &text, loosest: .sign)
    case .less: writeInfix(to: &text, " < ", precedence.tighter)
    case .add: writeInfix(to: &text, " + ", precedence)
    case .subtract: writeInfix(to: &text, " - ", precedence)
    case .multiply: writeInfix(to: &text, " * ", precedence)
    case .divide: writeInfix(to: &text, " / ", precedence)
    case .where: writeCall(to: &text, "where")
    case .function(let function): writeCall(to: &text, function.rawValue)
    }
    if precedence < loosest { text += ")" }
  }

  private func writeInfix(to text: inout String, _ symbol: String, _ left: FormulaPrecedence) {
    operands[0].write(to: &text, loosest: left)
    text += symbol
    operands[1].write(to: &text, loosest: precedence.tighter)
  }

  private func writeCall(to text: inout String, _ name: String) {
    text += name + "("
    for (index, operand) in operands.enumerated() {
      if index > 0 { text += ", " }
      operand.write(to: &text, loosest: .comparison)
    }
    text += ")"
  }

  private var precedence: FormulaPrecedence {
    switch operation {
    case .number(let value): value.sign == .minus ? .sign : .atom
    case .variable, .where, .function: .atom
    case .less: .comparison
    case .add, .subtract: .sum
    case .multiply, .divide: .product
    case .negate: .sign
    case .power: .power
    }
  }

  /// The shortest text that parses as this number: `3`, `0.1`, `1e-05`, `-pi`.
  private static func text(of number: Double) -> String {
    let sign = number.sign == .minus ? "-" : ""
    if number.magnitude == .pi { return sign + "pi" }
    let digits = "\(number.magnitude)"
    return sign + (digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)
  }
}
