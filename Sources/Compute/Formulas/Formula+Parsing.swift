extension Formula {
  /// The most characters of a text.
  public static let maximumLength = 8192
  /// The most parts of a text that are nested in each other: parentheses, calls, signs, powers.
  public static let maximumNesting = 200
  /// The most numbers, names and operations of a text.
  public static let maximumNodes = 4096

  /// The formula that a text writes down.
  ///
  /// Text has numbers, `pi`, the variables, `+ - * / ^`, `<`, parentheses, the functions of
  /// `Function` and `where(condition, a, b)`. `^` binds tightest and to the right, so that
  /// `-x^2` is -(x^2); then follow the sign, `* /`, `+ -`, and `<`, which does not chain.
  ///
  /// - Parameter variables: The names that may occur.
  public init(parsing text: String, variables: [String]) throws(FormulaError) {
    try self.init(parsing: text, variables: variables, derived: false)
  }

  /// - Parameter derived: Accepts also `digamma`, which derivatives print.
  init(parsing text: String, variables: [String], derived: Bool) throws(FormulaError) {
    let names = try FormulaNames(variables: variables, derived: derived)
    let scalars = Array(text.unicodeScalars)
    guard scalars.count <= Self.maximumLength else {
      throw .tooLong(limit: Self.maximumLength, found: scalars.count)
    }
    var parser = FormulaParser(names: names, tokens: try FormulaTokens(scalars))
    self = try parser.whole()
  }
}

/// Reads operators by their precedence, and recurses where the text nests.
private struct FormulaParser {
  let names: FormulaNames
  var tokens: FormulaTokens
  private var nesting = 0
  private var nodes = 0

  init(names: FormulaNames, tokens: FormulaTokens) {
    self.names = names
    self.tokens = tokens
  }

  mutating func whole() throws(FormulaError) -> Formula {
    if tokens.token == .end { throw .empty }
    let formula = try expression(.comparison)
    if tokens.token != .end { throw unexpected("an operator or the end") }
    return formula
  }

  /// An operand and the operators after it that bind at least as tightly as `loosest`.
  private mutating func expression(_ loosest: FormulaPrecedence) throws(FormulaError) -> Formula {
    var left = try operand()
    while let (operation, precedence) = infix, precedence >= loosest {
      let position = tokens.position
      try count(at: position)
      try tokens.advance()
      if precedence == .power {
        left = Formula(.power, [left, try nested(.power, at: position)])
      } else {
        left = Formula(operation, [left, try expression(precedence.tighter)])
      }
      if precedence == .comparison, tokens.token == .symbol("<") {
        throw .chainedComparison(position: tokens.position)
      }
    }
    return left
  }

  /// The operator at hand.
  private var infix: (Formula.Operation, FormulaPrecedence)? {
    switch tokens.token {
    case .symbol("<"): (.less, .comparison)
    case .symbol("+"): (.add, .sum)
    case .symbol("-"): (.subtract, .sum)
    case .symbol("*"): (.multiply, .product)
    case .symbol("/"): (.divide, .product)
    case .symbol("^"): (.power, .power)
    default: nil
    }
  }

  private mutating func operand() throws(FormulaError) -> Formula {
    let position = tokens.position
    switch tokens.token {
    case .number(let value, _):
      try count(at: position)
      try tokens.advance()
      return Formula(value)
    case .name(let name):
      try count(at: position)
      return try named(name, at: position)
    case .symbol("-"):
      try count(at: position)
      try tokens.advance()
      return -(try nested(.sign, at: position))
    case .symbol("("):
      try tokens.advance()
      let formula = try nested(.comparison, at: position)
      try take(")", expected: "an operator or ')'")
      return formula
    default: throw unexpected("a number, a name or '('")
    }
  }

  private mutating func named(
    _ name: String, at position: Int
  ) throws(FormulaError) -> Formula {
    let meaning = try names.meaning(of: name, at: position)
    try tokens.advance()
    switch meaning {
    case .constant(let value): return Formula(value)
    case .variable: return .variable(name)
    case .operation(let operation, let expected):
      guard tokens.token == .symbol("(") else {
        throw .functionWithoutArguments(function: name, position: position)
      }
      let arguments = try arguments(at: position)
      guard arguments.count == expected else {
        throw .wrongArgumentCount(
          function: name, position: position, expected: expected, found: arguments.count)
      }
      return Formula(operation, arguments)
    }
  }

  /// What stands in a call's parentheses, separated by commas.
  private mutating func arguments(at position: Int) throws(FormulaError) -> [Formula] {
    try tokens.advance()
    var arguments: [Formula] = []
    if tokens.token != .symbol(")") {
      arguments.append(try nested(.comparison, at: position))
      while tokens.token == .symbol(",") {
        try tokens.advance()
        arguments.append(try nested(.comparison, at: position))
      }
    }
    try take(")", expected: "an operator, ',' or ')'")
    return arguments
  }

  private mutating func nested(
    _ loosest: FormulaPrecedence, at position: Int
  ) throws(FormulaError) -> Formula {
    guard nesting < Formula.maximumNesting else {
      throw .tooDeep(limit: Formula.maximumNesting, position: position)
    }
    nesting += 1
    let formula = try expression(loosest)
    nesting -= 1
    return formula
  }

  private mutating func count(at position: Int) throws(FormulaError) {
    guard nodes < Formula.maximumNodes else {
      throw .tooManyNodes(limit: Formula.maximumNodes, position: position)
    }
    nodes += 1
  }

  private mutating func take(
    _ symbol: Unicode.Scalar, expected: String
  ) throws(FormulaError) {
    guard tokens.token == .symbol(symbol) else { throw unexpected(expected) }
    try tokens.advance()
  }

  private func unexpected(_ expected: String) -> FormulaError {
    .unexpected(
      found: tokens.token.quoted, position: tokens.position, expected: expected)
  }
}
