import Compute

/// Why a description is not a likelihood, a posterior or a prior.
///
/// A `density` is what messages call it, as "likelihood 'student'".
public enum DensityError: Error, Hashable, Sendable {
  /// Neither a name nor an object.
  case notADescription(kind: String, found: String)
  /// Text that begins as JSON does and is not.
  case notJSON(kind: String)
  case unknownFamily(kind: String, name: String, known: [String])
  /// `name:NUMBER` for a family without a number.
  case takesNoNumber(density: String, number: String)
  case missingField(density: String, field: String, expected: String)
  case unknownField(density: String, field: String, known: [String])
  case wrongValue(density: String, field: String, expected: String, found: String)
  case formula(density: String, field: String, FormulaError)
  /// A formula that lacks the variable it is about.
  case doesNotMention(density: String, field: String, variable: String)
  case noMass(density: String)
  /// A likelihood whose data cannot be drawn.
  case noDraw(likelihood: String)
}

extension DensityError: CustomStringConvertible {
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
    case .takesNoNumber(let density, let number):
      "\(density) takes no number after its name, found ':\(number)'."
    case .missingField(let density, let field, let expected):
      "\(density): the field '\(field)' is missing: expected \(expected)."
    case .unknownField(let density, let field, let known):
      "\(density) has an unknown field '\(field)'. Known: \(known.joined(separator: ", "))."
    case .wrongValue(let density, let field, let expected, let found):
      "\(density), \(field): expected \(expected), found \(found)."
    case .formula(let density, let field, let error):
      "\(density), \(field): \(error)"
    case .doesNotMention(let density, let field, let variable):
      "\(density), \(field): expected a formula that mentions '\(variable)'."
    case .noMass(let density):
      "\(density): the formula gives no finite positive density anywhere on the real line."
    case .noDraw(let likelihood):
      "The likelihood '\(likelihood)' has no formula that draws data. Give it a 'draw' in u, which is "
        + "uniform, or n, which is normal."
    }
  }
}
