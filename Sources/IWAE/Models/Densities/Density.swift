import Compute

/// A likelihood, a posterior or a prior: a family, and what its description says beyond the name.
///
/// The description alone tells two densities apart. Everything else follows from it.
public protocol Density: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The noun of error messages.
  static var kind: String { get }
  /// The table of families, in the order of help.
  static var families: [DensityFamily<Self>] { get }
  /// The family's bare name if that says everything; else an object.
  var definition: JSONValue { get }
  /// The name that people call it by: the family, or a formula's own name.
  var name: String { get }
}

/// A row of a table of families.
public struct DensityFamily<Member>: Sendable {
  let name: String
  /// False for a family that a name alone does not describe.
  var isNamed = true
  /// The field that the number in `name:NUMBER` stands for; nil if the family takes none.
  var numberField: String?
  /// The density that an object's fields describe.
  let read: @Sendable (DescriptionFields) throws(DescriptionError) -> Member
}

extension DensityFamily {
  /// A family of one member, which its name says.
  init(_ name: String, _ member: @autoclosure @escaping @Sendable () -> Member) {
    self.init(name: name) { fields throws(DescriptionError) in
      try fields.allow([])
      return member()
    }
  }
}

extension Density {
  /// The families that a name alone describes.
  public static var names: [String] { families.filter(\.isNamed).map(\.name) }

  /// The families by name, with the number that some take, as `mixture:COMPONENTS`.
  public static var spellings: String {
    families.compactMap { family in
      let number = family.numberField.map { "\(family.name):\($0.uppercased())" }
      return number ?? (family.isNamed ? family.name : nil)
    }.joined(separator: ", ")
  }

  public static func == (a: Self, b: Self) -> Bool { a.definition == b.definition }

  public func hash(into hasher: inout Hasher) { hasher.combine(definition) }

  public var description: String { name }

  public func encode(to encoder: any Encoder) throws { try definition.encode(to: encoder) }

  /// The density of a checkpoint's field.
  static func reading(_ json: JSONValue) throws(DescriptionError) -> Self {
    switch json {
    case .string(let name): return try reading(name, ["family": json])
    case .object(let fields):
      guard let family = fields["family"] else {
        throw .missingField(of: "the \(kind)", field: "family", expected: "a name")
      }
      guard case .string(let name) = family else {
        throw .wrongValue(
          of: "the \(kind)", field: "family", expected: "a name", found: family.quoted)
      }
      return try reading(name, fields)
    default: throw .notADescription(kind: kind, found: json.quoted)
    }
  }

  /// The density of a name, of `name:NUMBER` where a family takes a number, or of JSON.
  public init(named text: String) throws(DescriptionError) {
    if text.first(where: { !$0.isWhitespace }) == "{" {
      guard let json = JSONValue(text: text) else { throw .notJSON(kind: Self.kind) }
      self = try Self.reading(json)
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard parts.count == 2 else {
      self = try Self.reading(name, ["family": .string(name)])
      return
    }
    let row = try Self.family(name)
    let density = "\(Self.kind) '\(name)'"
    guard let field = row.numberField else {
      throw .takesNoNumber(of: density, number: String(parts[1]))
    }
    guard let number = Double(decimal: String(parts[1])), number.isFinite else {
      throw .wrongValue(
        of: density, field: field, expected: "a number", found: "'\(parts[1])'")
    }
    self = try Self.reading(name, ["family": .string(name), field: .number(number)])
  }

  private static func reading(
    _ name: String, _ fields: [String: JSONValue]
  ) throws(DescriptionError) -> Self {
    try family(name).read(DescriptionFields(of: "\(kind) '\(name)'", values: fields))
  }

  private static func family(_ name: String) throws(DescriptionError) -> DensityFamily<Self> {
    if let row = families.first(where: { $0.name == name }) { return row }
    throw .unknownFamily(kind: kind, name: name, known: families.map(\.name))
  }

  /// The density that a file holds; the error is the file's.
  public init(from decoder: any Decoder) throws {
    let json = try JSONValue(from: decoder)
    do {
      self = try Self.reading(json)
    } catch {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }
}

/// The known name that at most two added or removed letters reach.
func nearest(to name: String, among known: [String]) -> String? {
  known.map { (name: $0, edits: name.difference(from: $0).count) }
    .filter { $0.edits <= 2 }
    .min { $0.edits < $1.edits }?.name
}

extension Formula {
  /// A formula of the library's own, which has to be right.
  init(known text: String, _ variables: [String]) {
    do {
      self = try Formula(parsing: text, variables: variables)
    } catch {
      preconditionFailure("'\(text)': \(error)")
    }
  }
}
