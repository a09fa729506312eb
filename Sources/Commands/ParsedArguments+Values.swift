import Compute
import Experiments

/// The values of options, checked.
extension ParsedArguments {
  /// A whole number of at least `minimum`.
  public func integer(
    _ name: String, default standard: Int, minimum: Int = 1, maximum: Int = 1 << 30
  ) throws(UsageError) -> Int {
    guard let text = string(name) else { return standard }
    guard let value = Int(text), value >= minimum, value <= maximum else {
      throw error(
        "The value '\(text)' is invalid for '\(name)': expected a whole number from \(minimum) to "
          + "\(maximum).")
    }
    return value
  }

  /// A finite number in a range.
  public func number(
    _ name: String, default standard: Double, in range: ClosedRange<Double>
  ) throws(UsageError) -> Double {
    guard let text = string(name) else { return standard }
    guard let value = Double(decimal: text), range.contains(value) else {
      throw error(
        "The value '\(text)' is invalid for '\(name)': expected a number from "
          + "\(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }

  /// A seed: any 64-bit whole number.
  public func seed(_ name: String = "--seed", default standard: UInt64) throws(UsageError) -> UInt64
  {
    guard let text = string(name) else { return standard }
    guard let value = UInt64(text) else {
      throw error(
        "The value '\(text)' is invalid for '\(name)': expected a whole number from 0 to "
          + "\(UInt64.max).")
    }
    return value
  }

  /// Values with commas between them, each once.
  ///
  /// - Parameters:
  ///   - name: The option.
  ///   - standard: The values where it is not given.
  ///   - expected: The values that are expected, in the words of the message.
  ///   - value: A value, or nil where the text is none.
  public func list<Value: Hashable>(
    _ name: String, default standard: [Value], expected: String, _ value: (String) throws -> Value?
  ) throws -> [Value] {
    guard let text = string(name) else { return standard }
    var result: [Value] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = try value(String(part)) else {
        throw error(
          "The value '\(text)' is invalid for '\(name)': expected \(expected), with commas between "
            + "them, found '\(part)'.")
      }
      if !result.contains(value) { result.append(value) }
    }
    return result
  }

  /// Names with commas between them, each one of the candidates.
  public func names(
    _ name: String, default standard: [String], among candidates: [String]
  ) throws -> [String] {
    try list(name, default: standard, expected: "some of \(candidates.joined(separator: ", "))") {
      candidates.contains($0) ? $0 : nil
    }
  }

  /// Whole numbers of at least `minimum` with commas between them.
  public func integers(
    _ name: String, default standard: [Int], minimum: Int = 1, maximum: Int = 1 << 20
  ) throws -> [Int] {
    try list(
      name, default: standard, expected: "whole numbers from \(minimum) to \(maximum)"
    ) { text in Int(text).flatMap { (minimum...maximum).contains($0) ? $0 : nil } }
  }

  /// Values of a setting, with commas between them.
  public func list<Value: Hashable>(
    _ name: String, of setting: Setting, _ path: KeyPath<RunConfiguration, Value>,
    _ standard: [Value]
  ) throws -> [Value] {
    try list(name, default: standard, expected: "of each \(setting.expected)") { text in
      var configuration = RunConfiguration()
      guard (try? configuration.set(setting, to: text)) != nil else { return nil }
      return configuration[keyPath: path]
    }
  }

  /// Seeds with commas between them, or a single one.
  public func seeds(default standard: [UInt64]) throws -> [UInt64] {
    if string("--seed") != nil {
      if string("--seeds") != nil { throw error("'--seed' is '--seeds' with one; leave one out.") }
      return [try seed(default: 0)]
    }
    return try list(
      "--seeds", default: standard, expected: "whole numbers from 0 to \(UInt64.max)",
      UInt64.init)
  }
}
