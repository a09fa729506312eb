import Compute

/// Every case that a device must pass.
public enum CaseTable {
  /// The seed of all inputs unless another is asked for.
  public static let defaultSeed: UInt64 = 20_151

  /// All cases, in the order of the operations.
  ///
  /// Sizes are 1, primes, one less and one more than a tile (16 and 25 in panels, 64 in tiles),
  /// tiles, and those of Burda et al.'s models.
  public static func all(seed: UInt64 = defaultSeed) -> [ConformanceCase] {
    gatherCases(seed) + multiplyCases(seed) + gradientCases(seed) + latentCases(seed)
      + likelihoodCases(seed) + estimatorCases(seed) + optimizerCases(seed) + stepCases(seed)
  }
}
