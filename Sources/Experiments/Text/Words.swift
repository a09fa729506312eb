import Foundation

/// A number of bytes for people.
public func readable(bytes: Int) -> String {
  let units = ["B", "KiB", "MiB", "GiB", "TiB"]
  var value = Double(bytes)
  var unit = 0
  while value >= 1024 && unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(bytes) B" : String(format: "%.1f %@", value, units[unit])
}

/// A number of operations for people.
public func readable(operations: Double) -> String {
  let units = ["", " thousand", " million", " billion", " trillion"]
  let power = max(0, min(units.count - 1, Int(log10(max(operations, 1)) / 3)))
  return String(format: "%.1f%@", operations / pow(1000, Double(power)), units[power])
}

/// The seconds of a time that a person wrote, as 90, 90s, 10m or 2h; nil where it is none.
public func secondCount(_ text: String) -> Double? {
  let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
  let unit = text.last.flatMap { units[$0] }
  guard let number = Double(decimal: unit == nil ? text : String(text.dropLast())), number > 0,
    number <= 1e9
  else { return nil }
  return number * (unit ?? 1)
}

/// A text with a full stop at its end.
public func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }

/// A time for people.
public func readable(_ duration: Duration) -> String {
  let seconds = duration / .seconds(1)
  return switch seconds {
  case ..<1: String(format: "%.0f ms", seconds * 1e3)
  case ..<120: String(format: "%.1f s", seconds)
  case ..<7200: "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  case ..<1e9: "\(Int(seconds) / 3600) h \(Int(seconds) / 60 % 60) min"
  default: "years"
  }
}

/// `1 image`, `2 images`.
public func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
