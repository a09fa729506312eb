import Compute

/// The fields of a description, read one by one.
struct DescriptionFields {
  /// The name of what is described in messages, as "likelihood 'gaussian'".
  let subject: String
  let values: [String: JSONValue]

  init(of subject: String, values: [String: JSONValue]) {
    (self.subject, self.values) = (subject, values)
  }

  /// The name of a user's own density, and the fields with messages that call it so.
  func named(_ kind: String) throws(DescriptionError) -> (name: String, fields: DescriptionFields) {
    let name = try string("name", expected: "a name")
    return (name, DescriptionFields(of: "\(kind) '\(name)'", values: values))
  }

  /// The description to keep: the bare name if there is nothing else.
  var definition: JSONValue {
    if values.count == 1, let family = values["family"] { family } else { .object(values) }
  }

  /// Refuses fields other than these and the family, by name.
  func allow(_ fields: [String]) throws(DescriptionError) { try allow(only: ["family"] + fields) }

  /// Refuses fields other than these, by name.
  func allow(only known: [String]) throws(DescriptionError) {
    if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unknownField(of: subject, field: unknown, known: known)
    }
  }

  func wrong(_ field: String, expected: String, found: String) -> DescriptionError {
    .wrongValue(of: subject, field: field, expected: expected, found: found)
  }

  func value(_ field: String, expected: String) throws(DescriptionError) -> JSONValue {
    guard let value = values[field] else {
      throw .missingField(of: subject, field: field, expected: expected)
    }
    return value
  }

  func string(_ field: String, expected: String) throws(DescriptionError) -> String {
    let value = try value(field, expected: expected)
    guard case .string(let text) = value, !text.isEmpty else {
      throw wrong(field, expected: expected, found: value.quoted)
    }
    return text
  }

  /// A whole number of a range.
  func count(_ field: String, _ range: ClosedRange<Int>) throws(DescriptionError) -> Int {
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    let value = try value(field, expected: expected)
    guard case .number(let number) = value, let count = Int(exactly: number), range.contains(count)
    else { throw wrong(field, expected: expected, found: value.quoted) }
    return count
  }

  /// The sizes of some layers.
  func sizes(_ field: String, otherwise standard: [Int]) throws(DescriptionError) -> [Int] {
    guard let value = values[field] else { return standard }
    let expected = "an array of whole numbers from 1 to \(1 << 20)"
    guard case .array(let elements) = value else {
      throw wrong(field, expected: expected, found: value.quoted)
    }
    var sizes: [Int] = []
    for element in elements {
      guard case .number(let number) = element, let size = Int(exactly: number),
        (1...1 << 20).contains(size)
      else { throw wrong(field, expected: expected, found: "\(element.quoted) in it") }
      sizes.append(size)
    }
    return sizes
  }

  /// The variables that densities and samples have anyway.
  private static let reserved = ["x", "z", "e", "u", "n"]

  /// The most names that a density may have: a kernel takes only so many tensors.
  static let mostNames = 5

  /// Names that formulas may use as variables, each once.
  func names(_ field: String) throws(DescriptionError) -> [String] {
    let expected = "an array of names"
    let value = try value(field, expected: expected)
    guard case .array(let elements) = value else {
      throw wrong(field, expected: expected, found: value.quoted)
    }
    if elements.count > Self.mostNames {
      throw wrong(
        field, expected: "at most \(Self.mostNames) names", found: "\(elements.count)")
    }
    var names: [String] = []
    for element in elements {
      guard case .string(let name) = element else {
        throw wrong(field, expected: expected, found: "\(element.quoted) in it")
      }
      if Self.reserved.contains(name) {
        let list = Self.reserved.map { "'\($0)'" }.joined(separator: ", ")
        throw wrong(field, expected: "names other than \(list)", found: "'\(name)'")
      }
      if names.contains(name) {
        throw wrong(field, expected: "every name once", found: "'\(name)' twice")
      }
      do {
        _ = try Formula(parsing: "0", variables: [name])
      } catch {
        throw .formula(of: subject, field: field, error)
      }
      names.append(name)
    }
    return names
  }

  /// - Parameter mentioning: Variables without which the formula has no sense.
  func formula(
    _ field: String, _ variables: [String], mentioning: [String] = []
  ) throws(DescriptionError) -> Formula {
    let text = try string(field, expected: "a formula")
    let formula: Formula
    do {
      formula = try Formula(parsing: text, variables: variables)
    } catch {
      throw .formula(of: subject, field: field, error)
    }
    let mentioned = formula.variables
    if let missing = mentioning.first(where: { !mentioned.contains($0) }) {
      throw .doesNotMention(of: subject, field: field, variable: missing)
    }
    return formula
  }
}
