import Foundation

/// The numbers behind a figure.
public struct FigureTable: Hashable, Codable, Sendable {
  public enum Cell: Hashable, Sendable {
    case text(String)
    case number(Double)
    case missing

    init(_ value: Double?) {
      self = value.map { .number($0) } ?? .missing
    }

    /// For programs: every digit.
    public var exact: String {
      switch self {
      case .text(let text): text
      case .number(let value):
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
      case .missing: ""
      }
    }

    /// For people: six digits.
    public var rounded: String {
      if case .number(let value) = self { return Numbers.short(value) }
      return exact
    }
  }

  public var columns: [String]
  public var rows: [[Cell]]

  public init(columns: [String], rows: [[Cell]]) {
    (self.columns, self.rows) = (columns, rows)
  }

  /// Comma-separated values as RFC 4180 writes them, with a header line.
  public var csv: String {
    let lines = [columns] + rows.map { $0.map(\.exact) }
    return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func quoted(_ field: String) -> String {
    // By scalars: a carriage return and a line feed are one Character.
    guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
      return field
    }
    return "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }
}

/// A number, a text or null.
extension FigureTable.Cell: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .missing
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try value.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .text(let text): try value.encode(text)
    case .number(let number): try value.encode(number)
    case .missing: try value.encodeNil()
    }
  }
}

/// Numbers for people.
enum Numbers {
  /// So many digits at most: 0.25, -86.3241, 1.5e-7.
  static func short(_ value: Double, digits: Int = 6) -> String {
    plain(String(format: "%.*g", digits, value))
  }

  /// So many decimals.
  static func fixed(_ value: Double, decimals: Int) -> String {
    plain(String(format: "%.*f", decimals, value))
  }

  /// Without a minus sign before zero, and without a plus sign and zeros in the exponent.
  private static func plain(_ text: String) -> String {
    if text.hasPrefix("-"), text.allSatisfy({ "-0.".contains($0) }) {
      return plain("\(text.dropFirst())")
    }
    guard let mark = text.firstIndex(of: "e"),
      let exponent = Int(text[text.index(after: mark)...])
    else { return text }
    return "\(text[..<mark])e\(exponent)"
  }
}
