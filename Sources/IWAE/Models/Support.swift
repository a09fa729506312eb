/// The values that a likelihood gives a density.
public enum Support: Hashable, Sendable {
  /// From 0 to 1, both included.
  case unit
  /// 0, 1, 2 and so on.
  case counts
  /// 0 to 255, over 255.
  case levels
  /// Above 0.
  case positive
  case reals
  /// 0, 1, 2 and so on, so many of them.
  case classes(Int)

  /// Those of which a formula may be.
  static let described: [Support] = [.unit, .counts, .positive, .reals]

  /// Why data may not have the value; nil if they may.
  public func problem(with value: Float) -> String? {
    let isMember =
      switch self {
      case .unit: value >= 0 && value <= 1
      case .counts: value >= 0 && value == value.rounded()
      case .levels:
        value >= 0 && value <= 1 && abs(255 * value - (255 * value).rounded()) < 1e-3
      case .positive: value > 0
      case .reals: true
      case .classes(let count):
        value >= 0 && value < Float(count) && value == value.rounded()
      }
    return isMember && value.isFinite ? nil : "expected \(expectation), found \(value)"
  }

  private var expectation: String {
    switch self {
    case .unit: "a number from 0 to 1"
    case .counts: "a whole number of at least 0"
    case .levels: "a whole number from 0 to 255, over 255"
    case .positive: "a number above 0"
    case .reals: "a finite number"
    case .classes(let count): "a whole number from 0 to \(count - 1)"
    }
  }
}

extension Support: CustomStringConvertible {
  /// The text by which files name it.
  public var description: String {
    switch self {
    case .unit: "unit"
    case .counts: "counts"
    case .levels: "levels"
    case .positive: "positive"
    case .reals: "reals"
    case .classes(let count): "\(count) classes"
    }
  }
}

extension Support {
  /// The values in ascending order where they are separate; nil where they are not.
  ///
  /// - Parameter count: The most that are wanted.
  func values(atMost count: Int) -> (count: Int, value: @Sendable (Int) -> Double)? {
    switch self {
    case .counts: (count, { Double($0) })
    case .levels: (min(count, 256), { Double($0) / 255 })
    case .classes(let classes): (min(count, classes), { Double($0) })
    case .unit, .positive, .reals: nil
    }
  }
}
