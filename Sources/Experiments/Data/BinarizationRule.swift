import Compute

/// A rule by which grey pixels become 0s and 1s.
public struct BinarizationRule: Hashable, Sendable {
  /// The rule of each pass, after what is drawn once.
  public var eachPass: Binarization
  /// The seed of draws that are made once.
  public var fixedSeed: UInt64?

  public static let none = BinarizationRule(eachPass: .none)
  public static let threshold = BinarizationRule(eachPass: .threshold)
  /// Drawn afresh in each pass.
  public static let sample = BinarizationRule(eachPass: .sample)

  /// Drawn once.
  public static func fixed(seed: UInt64 = 0) -> BinarizationRule {
    BinarizationRule(eachPass: .none, fixedSeed: seed)
  }

  public static let names = ["none", "threshold", "sample", "fixed", "fixed:SEED"]
}

extension BinarizationRule: SettingValue {
  /// - Returns: Nil where the text names none.
  public init?(text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch parts[0] {
    case "none" where parts.count == 1: self = .none
    case "threshold" where parts.count == 1: self = .threshold
    case "sample" where parts.count == 1: self = .sample
    case "fixed" where parts.count == 1: self = .fixed()
    case "fixed":
      guard let seed = UInt64(parts[1]) else { return nil }
      self = .fixed(seed: seed)
    default: return nil
    }
  }

  public var text: String {
    if let fixedSeed { return fixedSeed == 0 ? "fixed" : "fixed:\(fixedSeed)" }
    return switch eachPass {
    case .none: "none"
    case .threshold: "threshold"
    case .sample: "sample"
    }
  }
}
