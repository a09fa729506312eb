import Compute

public enum DifferenceCheck {
  public static func all(seed: UInt64 = CaseTable.defaultSeed) -> [CaseResult] { [] }
}
