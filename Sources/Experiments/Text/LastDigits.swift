import Foundation

/// A value as papers print it, its error in the last digits: -86.32(12) is -86.32 ± 0.12.
///
/// The error has two significant digits, and the value ends at the same place.
struct LastDigits: Equatable {
  /// The digits, with the error in parentheses if there is one.
  var digits: String
  /// The power of ten that all of it is to be multiplied with; 0 for none.
  var exponent = 0

  /// Outside of these, digits before and after the point would be many.
  private static let plain = 1e-4..<1e9

  /// - Parameters:
  ///   - value: The value.
  ///   - error: Its error; nil or NaN where none is known.
  ///   - decimals: Those of a value whose error says nothing of them.
  init(_ value: Double, error: Double?, decimals: Int) {
    let error = error.flatMap { $0.isNaN ? nil : abs($0) }
    guard value.isFinite else {
      digits = Self.name(value) + (error.map { "(\(Self.name($0)))" } ?? "")
      return
    }
    exponent = Self.exponent(value, error)
    let value = Self.divided(value, exponent)
    let fixed = Self.rounded(value, decimals: exponent == 0 ? decimals : max(decimals, 2))
    guard let error else {
      digits = fixed
      return
    }
    guard error > 0, error.isFinite else {
      digits = "\(fixed)(\(error == 0 ? "0" : Self.name(error)))"
      return
    }
    digits = Self.joined(value, Self.divided(error, exponent))
  }

  /// The power of ten to take out, so that the larger of both has one digit before its point.
  private static func exponent(_ value: Double, _ error: Double?) -> Int {
    let larger = max(abs(value), error.flatMap { $0.isFinite ? $0 : nil } ?? 0)
    return larger == 0 || plain.contains(larger) ? 0 : scientific(larger, digits: 1).exponent
  }

  /// In two parts where the power of ten alone would be less than the least number.
  private static func divided(_ value: Double, _ exponent: Int) -> Double {
    if exponent == 0 { return value }
    return exponent < -200
      ? value * 1e200 / pow(10, Double(exponent + 200)) : value / pow(10, Double(exponent))
  }

  private static func joined(_ value: Double, _ error: Double) -> String {
    let (figures, exponent) = scientific(error, digits: 2)
    // The place of the error's second digit, as a power of ten; of an error that is no more, far below.
    let place = error > 0 ? exponent - 1 : -400
    if place > 0 {
      let unit = pow(10, Double(place))
      return rounded((value / unit).rounded() * unit, decimals: 0)
        + "(\(figures)\(String(repeating: "0", count: place)))"
    }
    // A double has no more digits: of an error below them nothing is left.
    let size = value == 0 ? 0 : scientific(value, digits: 1).exponent
    let most = 15 - max(size, 0)
    if -place > most {
      let unit = pow(10, Double(most))
      return rounded(value, decimals: most) + "(\(rounded(error * unit, decimals: 0)))"
    }
    return rounded(value, decimals: -place) + "(\(figures))"
  }

  /// The significant digits of a number, without sign and point, and the exponent of the first.
  private static func scientific(_ value: Double, digits: Int) -> (figures: String, exponent: Int) {
    let parts = String(format: "%.*e", digits - 1, abs(value)).split(separator: "e")
    return (parts[0].filter { $0 != "." }, Int(parts[1]) ?? 0)
  }

  /// So many decimals, without a minus sign before zero.
  static func rounded(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return name(value) }
    let text = String(format: "%.*f", decimals, value)
    return text.hasPrefix("-") && text.allSatisfy { "-0.".contains($0) }
      ? String(text.dropFirst()) : text
  }

  /// A number that has no digits.
  private static func name(_ value: Double) -> String {
    value.isNaN ? "NaN" : value.isFinite ? "\(value)" : value > 0 ? "∞" : "-∞"
  }
}
