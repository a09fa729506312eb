import Foundation
import IWAE

/// The objective of a run: a name of the table, or a rule of one's own.
public enum ObjectiveChoice: Hashable, Sendable {
  /// A row of the table, with the run's beta or alpha.
  case named(String)
  case own(Objective)

  /// The name that people call it by.
  public var name: String {
    switch self {
    case .named(let name): name
    case .own(let objective): objective.name
    }
  }

  /// The objective; nil for a name that the table does not have.
  public func objective(beta: Double = 0.5, alpha: Double = 0.5) -> Objective? {
    switch self {
    case .named(let name): Objective(name, beta: beta, alpha: alpha)
    case .own(let objective): objective
    }
  }
}

extension ObjectiveChoice: ExpressibleByStringLiteral, CustomStringConvertible {
  public init(stringLiteral name: String) { self = .named(name) }

  public var description: String { name }
}

extension ObjectiveChoice {
  /// The objective of a name, or of JSON.
  public init(described text: String) throws(DescriptionError) {
    self =
      text.first { !$0.isWhitespace } == "{"
      ? .own(try Objective(description: text)) : .named(text)
  }

  /// The name, or JSON in one line.
  public var text: String {
    guard case .own(let objective) = self, let definition = objective.definition else {
      return name
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // A description was JSON, so its numbers are finite.
    return (try? encoder.encode(definition)).map { String(decoding: $0, as: UTF8.self) } ?? name
  }
}

extension ObjectiveChoice: Codable {
  public init(from decoder: any Decoder) throws {
    let json = try JSONValue(from: decoder)
    if case .string(let name) = json {
      self = .named(name)
      return
    }
    do {
      self = .own(try Objective(json))
    } catch {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  /// An objective whose rule is a function is written by its name, which no reader knows.
  public func encode(to encoder: any Encoder) throws {
    if case .own(let objective) = self, let definition = objective.definition {
      try definition.encode(to: encoder)
    } else {
      try name.encode(to: encoder)
    }
  }
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
