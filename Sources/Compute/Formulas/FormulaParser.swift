/// Reads operators by their precedence. What waits for its last operand is kept in a list, not on
/// the call stack, which a text could exhaust.
struct FormulaParser {
  /// A part of the text that is not complete yet.
  private enum Open {
    case sign
    case group
    case infix(Formula.Operation, FormulaPrecedence, left: Formula)
    case call(String, position: Int, Formula.Operation, argumentCount: Int, arguments: [Formula])

    /// True if what follows is nested in it; the operands of the other operators stand in a row.
    var nests: Bool {
      if case .infix(let operation, _, _) = self { operation == .power } else { true }
    }
  }

  private let names: FormulaNames
  private var tokens: FormulaTokens
  private var open: [Open] = []
  private var nesting = 0
  private var nodes = 0

  init(names: FormulaNames, tokens: FormulaTokens) {
    self.names = names
    self.tokens = tokens
  }

  mutating func parsed() throws(FormulaError) -> Formula {
    if tokens.token == .end { throw .empty }
    while true {
      var formula = try operand()
      while tokens.token == .symbol(")") { formula = try closed(formula) }
      if tokens.token == .end {
        formula = complete(formula, downTo: .comparison)
        guard open.isEmpty else { throw unexpectedOperator() }
        return formula
      }
      if tokens.token == .symbol(",") {
        try finishArgument(formula)
      } else {
        try begin(infix: formula)
      }
    }
  }

  /// The next number or variable, after the signs, groups and calls that open in front of it.
  private mutating func operand() throws(FormulaError) -> Formula {
    while true {
      let position = tokens.position
      switch tokens.token {
      case .number(let value, _):
        try count()
        try tokens.advance()
        return Formula(value)
      case .name(let name):
        try count()
        if let formula = try named(name) { return formula }
      case .symbol("-"):
        try count()
        try tokens.advance()
        try push(.sign, at: position)
      case .symbol("("):
        try tokens.advance()
        try push(.group, at: position)
      default: throw unexpected("a number, a name or '('")
      }
    }
  }

  /// The number or the variable of this name; nil if it is a function, whose call then is open.
  private mutating func named(_ name: String) throws(FormulaError) -> Formula? {
    let position = tokens.position
    let meaning = try names.meaning(of: name, at: position)
    try tokens.advance()
    switch meaning {
    case .constant(let value): return Formula(value)
    case .variable: return .variable(name)
    case .operation(let operation, let count):
      guard tokens.token == .symbol("(") else {
        throw .functionWithoutArguments(function: name, position: position)
      }
      try tokens.advance()
      if tokens.token == .symbol(")") {
        throw .wrongArgumentCount(function: name, position: position, expected: count, found: 0)
      }
      let call = Open.call(
        name, position: position, operation, argumentCount: count, arguments: [])
      try push(call, at: position)
      return nil
    }
  }

  /// Makes a formula the left operand of the operator at hand.
  private mutating func begin(infix formula: Formula) throws(FormulaError) {
    guard case .symbol(let symbol) = tokens.token,
      let (operation, precedence) = Self.infix(symbol)
    else { throw unexpectedOperator() }
    let position = tokens.position
    let left =
      switch precedence {
      // Powers group to the right, so that nothing in front is complete.
      case .power: complete(formula, downTo: .atom)
      // A comparison in front is a mistake, told below.
      case .comparison: complete(formula, downTo: .sum)
      case .sum, .product, .sign, .atom: complete(formula, downTo: precedence)
      }
    if operation == .less, case .infix(.less, _, _) = open.last {
      throw .chainedComparison(position: position)
    }
    try count()
    try tokens.advance()
    try push(.infix(operation, precedence, left: left), at: position)
  }

  private static func infix(
    _ symbol: Unicode.Scalar
  ) -> (Formula.Operation, FormulaPrecedence)? {
    switch symbol {
    case "<": (.less, .comparison)
    case "+": (.add, .sum)
    case "-": (.subtract, .sum)
    case "*": (.multiply, .product)
    case "/": (.divide, .product)
    case "^": (.power, .power)
    default: nil
    }
  }

  /// Gives a formula to the open operators that bind at least as tightly as `loosest`.
  private mutating func complete(
    _ formula: Formula, downTo loosest: FormulaPrecedence
  ) -> Formula {
    var formula = formula
    while let last = open.last {
      switch last {
      case .sign where loosest <= .sign: formula = -formula
      case .infix(let operation, let precedence, let left) where loosest <= precedence:
        formula = Formula(operation, [left, formula])
      case .sign, .group, .infix, .call: return formula
      }
      pop()
    }
    return formula
  }

  /// The group or the call that the `)` at hand closes, with its last formula.
  private mutating func closed(_ formula: Formula) throws(FormulaError) -> Formula {
    let last = complete(formula, downTo: .comparison)
    guard let innermost = open.last else { throw unexpectedOperator() }
    try tokens.advance()
    pop()
    guard case .call(let name, let position, let operation, let expected, let earlier) = innermost
    else { return last }
    let arguments = earlier + [last]
    guard arguments.count == expected else {
      throw .wrongArgumentCount(
        function: name, position: position, expected: expected, found: arguments.count)
    }
    return Formula(operation, arguments)
  }

  /// Adds a formula, which the `,` at hand ends, to the arguments of the open call.
  private mutating func finishArgument(_ formula: Formula) throws(FormulaError) {
    let argument = complete(formula, downTo: .comparison)
    guard case .call(let name, let position, let operation, let count, let earlier) = open.last
    else { throw unexpectedOperator() }
    try tokens.advance()
    open[open.count - 1] = .call(
      name, position: position, operation, argumentCount: count, arguments: earlier + [argument])
  }

  private mutating func push(_ part: Open, at position: Int) throws(FormulaError) {
    if part.nests {
      guard nesting < Formula.maximumNesting else {
        throw .tooDeep(limit: Formula.maximumNesting, position: position)
      }
      nesting += 1
    }
    open.append(part)
  }

  private mutating func pop() {
    if open.removeLast().nests { nesting -= 1 }
  }

  private mutating func count() throws(FormulaError) {
    guard nodes < Formula.maximumNodes else {
      throw .tooManyNodes(limit: Formula.maximumNodes, position: tokens.position)
    }
    nodes += 1
  }

  /// The error for a token that stands where an operator could.
  private func unexpectedOperator() -> FormulaError {
    for part in open.reversed() {
      switch part {
      case .group: return unexpected("an operator or ')'")
      case .call: return unexpected("an operator, ',' or ')'")
      case .sign, .infix: break
      }
    }
    return unexpected("an operator or the end")
  }

  private func unexpected(_ expected: String) -> FormulaError {
    .unexpected(found: tokens.token.quoted, position: tokens.position, expected: expected)
  }
}
