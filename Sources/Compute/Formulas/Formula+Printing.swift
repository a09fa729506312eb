/// The precedence of the parts of a formula's text, the loosest first.
enum FormulaPrecedence: Int, Comparable {
  case comparison, sum, product, sign, power, atom

  static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension Formula: CustomStringConvertible {
  /// A stretch of a formula's text.
  private enum Piece {
    case text(String)
    /// A formula, in parentheses if it binds less tightly than `loosest`.
    case formula(Formula, loosest: FormulaPrecedence)
  }

  /// The formula as text, with the parentheses that it needs. Parsing it gives an equal formula.
  public var description: String {
    var text = ""
    // A list of what is to come, the next last, rather than a recursion as deep as the formula.
    var pending = [Piece.formula(self, loosest: .comparison)]
    while let piece = pending.popLast() {
      switch piece {
      case .text(let part): text += part
      case .formula(let formula, let loosest) where formula.precedence < loosest:
        pending += [.text(")"), .formula(formula, loosest: .comparison), .text("(")]
      case .formula(let formula, _): pending += formula.pieces.reversed()
      }
    }
    return text
  }

  private var pieces: [Piece] {
    switch operation {
    case .number(let value): [.text(Self.text(of: value))]
    case .variable(let name): [.text(name)]
    case .negate: [.text("-"), .formula(operands[0], loosest: .power)]
    case .power: infix("^", left: .atom, right: .sign)
    case .less: infix(" < ", left: .sum, right: .sum)
    case .add: infix(" + ", left: .sum, right: .product)
    case .subtract: infix(" - ", left: .sum, right: .product)
    case .multiply: infix(" * ", left: .product, right: .sign)
    case .divide: infix(" / ", left: .product, right: .sign)
    case .where: call("where")
    case .function(let function): call(function.rawValue)
    }
  }

  private func infix(
    _ symbol: String, left: FormulaPrecedence, right: FormulaPrecedence
  ) -> [Piece] {
    [.formula(operands[0], loosest: left), .text(symbol), .formula(operands[1], loosest: right)]
  }

  private func call(_ name: String) -> [Piece] {
    let arguments = operands.map { [Piece.formula($0, loosest: .comparison)] }
    return [.text(name + "(")] + arguments.joined(separator: [.text(", ")]) + [.text(")")]
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
