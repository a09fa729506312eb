/// The values that a likelihood gives a density.
public enum Support: String, Hashable, Sendable, CaseIterable {
  /// From 0 to 1, both included.
  case unit
  /// 0, 1, 2 and so on.
  case counts
  /// Above 0.
  case positive
  case reals

  /// Why data may not have the value; nil if they may.
  public func problem(with value: Float) -> String? {
    let isMember =
      switch self {
      case .unit: value >= 0 && value <= 1
      case .counts: value >= 0 && value == value.rounded()
      case .positive: value > 0
      case .reals: true
      }
    return isMember && value.isFinite ? nil : "expected \(expectation), found \(value)"
  }

  private var expectation: String {
    switch self {
    case .unit: "a number from 0 to 1"
    case .counts: "a whole number of at least 0"
    case .positive: "a number above 0"
    case .reals: "a finite number"
    }
  }
}
