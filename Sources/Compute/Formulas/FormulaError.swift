/// Why a text is no formula, or why a formula has no derivative. Positions count characters from 1.
public enum FormulaError: Error, Hashable, Sendable {
  case empty
  case tooLong(limit: Int, found: Int)
  case tooDeep(limit: Int, position: Int)
  case tooManyNodes(limit: Int, position: Int)
  case unexpected(found: String, position: Int, expected: String)
  case chainedComparison(position: Int)
  case unknownName(name: String, position: Int, suggestion: String?, known: [String])
  case wrongArgumentCount(function: String, position: Int, expected: Int, found: Int)
  case functionWithoutArguments(function: String, position: Int)
  case numberTooLarge(text: String, position: Int)
  case reservedVariable(name: String)
  case variableIsNoName(name: String)
  case noDerivative(function: String)
}

extension FormulaError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty:
      "The formula is empty: expected a number, a name or '('."
    case .tooLong(let limit, let found):
      "The formula has \(found) characters; the limit is \(limit)."
    case .tooDeep(let limit, let position):
      "The formula is nested \(limit + 1) deep at \(position); the limit is \(limit)."
    case .tooManyNodes(let limit, let position):
      "The formula reaches \(limit + 1) nodes at \(position); the limit is \(limit)."
    case .unexpected(let found, let position, let expected):
      "unexpected \(found) at \(position): expected \(expected)"
    case .chainedComparison(let position):
      "unexpected '<' at \(position): comparisons do not chain. Put one of them in parentheses."
    case .unknownName(let name, let position, let suggestion, let known):
      "unknown name '\(name)' at \(position)."
        + (suggestion.map { " Did you mean '\($0)'?" } ?? "")
        + " Known names: \(known.joined(separator: ", "))."
    case .wrongArgumentCount(let function, let position, let expected, let found):
      "'\(function)' at \(position) takes \(expected) \(expected == 1 ? "argument" : "arguments"), "
        + "found \(found)"
    case .functionWithoutArguments(let function, let position):
      "'\(function)' at \(position) is a function: expected '(' after it"
    case .numberTooLarge(let text, let position):
      "the number \(text) at \(position) is too large for a Double"
    case .reservedVariable(let name):
      "A variable cannot be named '\(name)', which formulas know already. Give it another name."
    case .variableIsNoName(let name):
      "A variable cannot be named '\(name)': a name is letters, digits and '_', "
        + "and does not begin with a digit."
    case .noDerivative(let function):
      "'\(function)' has no derivative that a formula can express. "
        + "Derive by variables that it does not depend on."
    }
  }
}
