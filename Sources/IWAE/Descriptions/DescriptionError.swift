import Compute

/// The reason why a description is no likelihood, posterior, prior or objective.
///
/// The first value of a case is what messages call it, as "likelihood 'student'".
public enum DescriptionError: Error, Hashable, Sendable {
  /// Neither a name nor an object.
  case notADescription(kind: String, found: String)
  /// Text that begins as JSON does and is not.
  case notJSON(kind: String)
  case unknownFamily(kind: String, name: String, known: [String])
  /// `name:NUMBER` for a family without a number.
  case takesNoNumber(of: String, number: String)
  case missingField(of: String, field: String, expected: String)
  case unknownField(of: String, field: String, known: [String])
  case wrongValue(of: String, field: String, expected: String, found: String)
  case formula(of: String, field: String, FormulaError)
  /// A formula that lacks the variable it is about.
  case doesNotMention(of: String, field: String, variable: String)
  case noMass(of: String)
  /// A likelihood whose data cannot be drawn.
  case noDraw(likelihood: String)
}

extension DescriptionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notADescription(let kind, let found):
      "expected the \(kind) to be a name or an object, found \(found)."
    case .notJSON(let kind):
      "expected the \(kind) as JSON, since it begins with '{'; found text that is not JSON."
    case .unknownFamily(let kind, let name, let known):
      "unknown \(kind) '\(name)'."
        + (nearest(to: name, among: known).map { " Did you mean '\($0)'?" } ?? "")
        + " Known: \(known.joined(separator: ", "))."
    case .takesNoNumber(let subject, let number):
      "\(subject) takes no number after its name, found ':\(number)'."
    case .missingField(let subject, let field, let expected):
      "\(subject): the field '\(field)' is missing: expected \(expected)."
    case .unknownField(let subject, let field, let known):
      "\(subject) has an unknown field '\(field)'. Known: \(known.joined(separator: ", "))."
    case .wrongValue(let subject, let field, let expected, let found):
      "\(subject), \(field): expected \(expected), found \(found)."
    case .formula(let subject, let field, let error):
      "\(subject), \(field): \(error)"
    case .doesNotMention(let subject, let field, let variable):
      "\(subject), \(field): expected a formula that mentions '\(variable)'."
    case .noMass(let subject):
      "\(subject): the formula gives no finite positive density anywhere on the real line."
    case .noDraw(let likelihood):
      "The likelihood '\(likelihood)' has no formula that draws data. Give it a 'draw' in u, which is "
        + "uniform, or n, which is normal."
    }
  }
}
