import Compute
import Foundation
import IWAE

/// The objective of a run: a name of the table, or a rule of one's own.
public enum ObjectiveChoice: Hashable, Sendable {
  /// A row of the table, with what it takes of the run's settings.
  case named(String)
  case own(Objective)
  /// An objective that a program held. A file knows its name alone: its run can be evaluated, but not
  /// gone on with unless the program gives the objective again.
  case inCode(String)

  /// The name that people call it by.
  public var name: String {
    switch self {
    case .named(let name), .inCode(let name): name
    case .own(let objective): objective.name
    }
  }

  /// The objective; nil where there is but a name, and the table does not have it.
  public func objective(_ settings: RunConfiguration = .usual) -> Objective? {
    switch self {
    case .named(let name): Objective(name, settings)
    case .own(let objective): objective
    case .inCode: nil
    }
  }

  /// True if a file holds no more of it than a name.
  public var isInCode: Bool {
    switch self {
    case .named: false
    case .own(let objective): objective.isFunction
    case .inCode: true
    }
  }
}

extension Objective {
  /// The row of the table, with what it takes of a run's settings; nil if there is none.
  init?(_ name: String, _ settings: RunConfiguration) {
    self.init(
      name, beta: settings.beta, alpha: settings.alpha, freeBits: settings.freeBits,
      riemann: RiemannSum(
        intervals: settings.partitions, first: Float(settings.firstPoint), side: settings.riemann))
  }
}

extension ObjectiveChoice: ExpressibleByStringLiteral, CustomStringConvertible {
  public init(stringLiteral name: String) { self = .named(name) }

  public var description: String { name }
}

extension ObjectiveChoice {
  /// The objective of a name, or of JSON.
  public init(described text: String) throws(DescriptionError) {
    guard text.first(where: { !$0.isWhitespace }) == "{" else {
      self = .named(text)
      return
    }
    guard let json = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else {
      throw .notJSON(kind: "objective")
    }
    try self.init(json)
  }

  /// The name, or JSON in one line.
  public var text: String {
    if case .string(let name) = json { return name }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // A description was JSON, so its numbers are finite.
    return (try? encoder.encode(json)).map { String(decoding: $0, as: UTF8.self) } ?? name
  }

  private static let inCode = "in code"

  /// A name, a description, or of a rule that no file can hold `{"name": …, "rule": "in code"}`.
  private var json: JSONValue {
    if case .own(let objective) = self, let definition = objective.definition { return definition }
    return isInCode
      ? .object(["name": .string(name), "rule": .string(Self.inCode)]) : .string(name)
  }

  private init(_ json: JSONValue) throws(DescriptionError) {
    if case .string(let name) = json {
      self = .named(name)
    } else if case .object(let fields) = json, fields["rule"] == .string(Self.inCode),
      case .string(let name)? = fields["name"]
    {
      self = .inCode(name)
    } else {
      self = .own(try Objective(json))
    }
  }
}

extension ObjectiveChoice: Codable {
  public init(from decoder: any Decoder) throws {
    do {
      try self.init(try JSONValue(from: decoder))
    } catch let error as DescriptionError {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}

extension ObjectiveChoice: SettingValue {
  init?(text: String) { try? self.init(described: text) }

  init?(_ fields: KeyedDecodingContainer<Setting.Key>, _ key: Setting.Key) throws {
    guard let value = try fields.decodeIfPresent(Self.self, forKey: key) else { return nil }
    self = value
  }

  func write(_ fields: inout KeyedEncodingContainer<Setting.Key>, _ key: Setting.Key) throws {
    try fields.encode(self, forKey: key)
  }
}
