import Compute
import Foundation

/// A setting of a run, declared once. Its flag, its key in `config.json`, its check, its line of help,
/// its row in a report and its axis in a sweep follow from that.
public struct Setting: Sendable {
  /// The key in `config.json`: `learning_rate`.
  public let key: String
  /// A short spelling of the flag, with its dash.
  public let short: String?
  /// The value as help calls it; nil for a flag that takes none: it says true, and its negation false.
  public let placeholder: String?
  /// The only values there are; nil where there are others.
  public let choices: [String]?
  /// Some of the values, where there are others.
  public let examples: [String]
  /// The line of help, with the default.
  public let help: String
  /// The values that there are, for messages.
  public let expected: String
  /// The objectives that it is a setting of; nil for all.
  public let objectives: Set<String>?
  /// True if it may change when a run is resumed.
  public let canChange: Bool
  /// True if the value may be JSON, which the command line takes from a file too.
  public let isDescribed: Bool

  /// Takes a value as text.
  let parse: @Sendable (String, inout RunConfiguration) throws(ConfigurationError) -> Void
  /// The value as text that `parse` takes.
  let text: @Sendable (RunConfiguration) -> String
  /// The problem with the value that a configuration holds; nil for none.
  let problem: @Sendable (RunConfiguration) -> String?
  let read: @Sendable (KeyedDecodingContainer<Key>, inout RunConfiguration) throws -> Void
  let write: @Sendable (RunConfiguration, inout KeyedEncodingContainer<Key>) throws -> Void
  /// Takes over the value that another configuration has.
  let copy: @Sendable (RunConfiguration, inout RunConfiguration) -> Void
  /// The row of a report; nil for one that other rows tell.
  let row: Row?

  /// The flag, as `--learning-rate`.
  public var flag: String { Self.flag(key) }

  /// The flag that says false, as `--no-standardize`; nil where the flag takes a value.
  public var negation: String? { placeholder == nil ? Self.flag("no_\(key)") : nil }

  private static func flag(_ key: String) -> String { "--" + key.replacing("_", with: "-") }

  /// True if it says where images are, which may move.
  public var isOfData: Bool { ["data", "labels", "test", "mask"].contains(key) }

  /// True if a run with another value has other images.
  var choosesImages: Bool { isOfData || key == "split" }

  /// True if it is a setting of an objective.
  public func concerns(_ objective: String) -> Bool { objectives?.contains(objective) ?? true }

  /// The default as help tells it.
  enum Standard {
    case value
    case text(String)
    case untold
  }

  /// A row of a report.
  struct Row: Sendable {
    var name: String
    /// True if there is a row even where the value is the usual one.
    var isAlwaysShown = false
    /// The value for people; that of the flag unless given.
    var text: (@Sendable (RunConfiguration) -> String)?
  }

  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

/// A value of a setting: how the command line spells it, and how it stands in JSON.
protocol SettingValue: Hashable, Sendable {
  init?(text: String)
  var text: String { get }
  init?(_ fields: KeyedDecodingContainer<Setting.Key>, _ key: Setting.Key) throws
  func write(_ fields: inout KeyedEncodingContainer<Setting.Key>, _ key: Setting.Key) throws
}

/// JSON holds a value as it is spelled.
extension SettingValue {
  init?(_ fields: KeyedDecodingContainer<Setting.Key>, _ key: Setting.Key) throws {
    guard let text = try fields.decodeIfPresent(String.self, forKey: key) else { return nil }
    guard let value = Self(text: text) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: fields,
        debugDescription: "the field '\(key.stringValue)': expected "
          + "\(Setting.named(key.stringValue)?.expected ?? "another value"), found '\(text)'.")
    }
    self = value
  }

  func write(_ fields: inout KeyedEncodingContainer<Setting.Key>, _ key: Setting.Key) throws {
    try fields.encode(text, forKey: key)
  }
}

/// JSON holds a number as a number, and true as true.
extension SettingValue where Self: Codable & LosslessStringConvertible {
  init?(text: String) { self.init(text) }
  var text: String { description }

  init?(_ fields: KeyedDecodingContainer<Setting.Key>, _ key: Setting.Key) throws {
    guard let value = try fields.decodeIfPresent(Self.self, forKey: key) else { return nil }
    self = value
  }

  func write(_ fields: inout KeyedEncodingContainer<Setting.Key>, _ key: Setting.Key) throws {
    try fields.encode(self, forKey: key)
  }
}

extension SettingValue where Self: RawRepresentable<String> {
  init?(text: String) { self.init(rawValue: text) }
  var text: String { rawValue }
}

extension Int: SettingValue {}
extension Bool: SettingValue {}
extension Double: SettingValue {
  init?(text: String) { self.init(decimal: text) }
}
extension UInt64: SettingValue {}

extension String: SettingValue {
  init?(text: String) { self = text }
  var text: String { self }
}

extension Setting {
  /// A setting of any type.
  ///
  /// - Parameters:
  ///   - examples: Some of the values, for suggestions.
  ///   - expected: The values that are expected, in the words of messages.
  ///   - settled: Makes a value mean the same whatever the process's folder is.
  ///   - isValid: True of a value that the setting can have.
  init<Value: SettingValue>(
    _ key: String, short: String? = nil,
    _ path: WritableKeyPath<RunConfiguration, Value> & Sendable,
    _ placeholder: String?, choices: [String]? = nil, examples: [String] = [], expected: String,
    standard: Standard = .value, help: String, of objectives: Set<String>? = nil,
    canChange: Bool = false, isDescribed: Bool = false, row: Row? = nil,
    fromText: @escaping @Sendable (String) throws(ConfigurationError) -> Value? = {
      Value(text: $0)
    }, settled: @escaping @Sendable (Value) -> Value = { $0 },
    isValid: @escaping @Sendable (Value) -> Bool = { _ in true }
  ) {
    (self.key, self.short, self.placeholder, self.choices) = (key, short, placeholder, choices)
    (self.examples, self.expected, self.objectives) = (examples, expected, objectives)
    (self.canChange, self.isDescribed, self.row) = (canChange, isDescribed, row)
    let usual = RunConfiguration.usual[keyPath: path]
    self.help =
      switch standard {
      case .value: "\(help) (default: \(usual.text))"
      case .text(let text): "\(help) (default: \(text))"
      case .untold: help
      }
    let flag = Self.flag(key)
    let names = choices ?? examples
    parse = { text, configuration throws(ConfigurationError) in
      guard let value = try fromText(text), isValid(value) else {
        throw ConfigurationError(
          "The value '\(text)' is invalid for '\(flag)': expected \(expected)."
            + suggestion(for: text, among: names))
      }
      configuration[keyPath: path] = settled(value)
    }
    text = { $0[keyPath: path].text }
    problem = { configuration in
      let value = configuration[keyPath: path]
      return isValid(value)
        ? nil
        : "the field '\(key)': expected \(expected), found \(value.text)."
          + suggestion(for: value.text, among: names)
    }
    read = { fields, configuration in
      guard let value = try Value(fields, Key(key)) else { return }
      configuration[keyPath: path] = settled(value)
    }
    write = { configuration, fields in
      try configuration[keyPath: path].write(&fields, Key(key))
    }
    copy = { $1[keyPath: path] = $0[keyPath: path] }
  }

  /// A whole number of a range.
  ///
  /// - Parameter hasNone: True if 0 stands for none; the command line says so by leaving the flag out.
  static func integer(
    _ key: String, short: String? = nil, _ path: WritableKeyPath<RunConfiguration, Int> & Sendable,
    _ range: ClosedRange<Int>, _ placeholder: String = "count", hasNone: Bool = false,
    standard: Standard = .value, help: String, of objectives: Set<String>? = nil,
    canChange: Bool = false, row: Row? = nil
  ) -> Setting {
    Setting(
      key, short: short, path, placeholder,
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      standard: standard, help: help, of: objectives, canChange: canChange, row: row,
      fromText: { text in Int(text).flatMap { hasNone && $0 == 0 ? nil : $0 } },
      isValid: { range.contains($0) || hasNone && $0 == 0 })
  }

  /// A finite number of a range.
  static func number(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Double> & Sendable,
    _ range: ClosedRange<Double>, _ placeholder: String, standard: Standard = .value, help: String,
    of objectives: Set<String>? = nil, row: Row? = nil
  ) -> Setting {
    Setting(
      key, path, placeholder,
      expected: "a number from \(range.lowerBound) to \(range.upperBound)", standard: standard,
      help: help, of: objectives, row: row, isValid: { range.contains($0) })
  }

  /// Something that is done or not: a flag without a value, and one that says no.
  static func flag(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Bool> & Sendable, help: String,
    row: Row? = nil
  ) -> Setting {
    Setting(
      key, path, nil, expected: "true or false", standard: .untold, help: help, row: row)
  }

  /// One of some names.
  static func choice<Value: SettingValue & RawRepresentable<String> & CaseIterable>(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Value> & Sendable,
    _ placeholder: String = "name", help: String, of objectives: Set<String>? = nil,
    canChange: Bool = false, row: Row? = nil
  ) -> Setting {
    let names = Value.allCases.map(\.rawValue)
    return Setting(
      key, path, placeholder, choices: names, expected: "one of \(names.joined(separator: ", "))",
      help: help, of: objectives, canChange: canChange, row: row)
  }
}
