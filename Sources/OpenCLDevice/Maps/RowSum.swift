import Compute

/// The sum of a formula over a row, taken apart into what is cheap to add up.
///
/// Terms that are numbers are counted, not added. The sum of a softplus is a sum of max(a, 0) and one
/// logarithm of a running product of 1 + e^-|a|: a logarithm for a row instead of one for each element.
struct RowSum {
  /// The terms left to be added element by element; nil if there are none.
  private(set) var rest: Formula?
  /// The arguments of softplus terms, by the sign with which they enter.
  private(set) var added: [Formula] = []
  private(set) var subtracted: [Formula] = []
  /// The most factors that a running product takes for each element.
  private static let mostFactors = 32
  /// The sum of the terms that are numbers.
  private(set) var constant = 0.0

  init(_ formula: Formula) {
    collect(formula, isNegative: false)
    for argument in added { add(.positivePart(argument), isNegative: false) }
    for argument in subtracted { add(.positivePart(argument), isNegative: true) }
  }

  private mutating func collect(_ formula: Formula, isNegative: Bool) {
    switch formula.operation {
    case .add:
      collect(formula.operands[0], isNegative: isNegative)
      collect(formula.operands[1], isNegative: isNegative)
    case .subtract:
      collect(formula.operands[0], isNegative: isNegative)
      collect(formula.operands[1], isNegative: !isNegative)
    case .negate: collect(formula.operands[0], isNegative: !isNegative)
    case .number(let value): constant += isNegative ? -value : value
    case .function(.softplus) where !isNegative && added.count < Self.mostFactors:
      added.append(formula.operands[0])
    case .function(.softplus) where isNegative && subtracted.count < Self.mostFactors:
      subtracted.append(formula.operands[0])
    default: add(formula, isNegative: isNegative)
    }
  }

  private mutating func add(_ term: Formula, isNegative: Bool) {
    if let rest {
      self.rest = isNegative ? rest - term : rest + term
    } else {
      rest = isNegative ? -term : term
    }
  }
}

extension Formula {
  /// max(x, 0)
  fileprivate static func positivePart(_ x: Formula) -> Formula {
    .where(.less(x, 0), 0, x)
  }
}
