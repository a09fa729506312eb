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
    Compute.Operation.Family.allCases.flatMap { cases(of: $0, seed: seed) } + stepCases(seed)
  }

  /// The cases of one family of operations.
  static func cases(
    of family: Compute.Operation.Family, seed: UInt64 = defaultSeed
  ) -> [ConformanceCase] {
    switch family {
    case .gather: gatherCases(seed)
    case .multiply: multiplyCases(seed)
    case .weightGradient: weightGradientCases(seed) + biasGradientCases(seed)
    case .noise: noiseCases(seed)
    case .map: mapCases(seed)
    case .estimate: estimateCases(seed)
    case .draw: drawCases(seed)
    case .accumulateWeights: accumulateWeightsCases(seed)
    case .normalize: normalizeCases(seed)
    case .sum: sumCases(seed) + sumSamplesCases(seed)
    case .adam: adamCases(seed)
    }
  }
}

extension CaseTable {
  /// A first look at a device: one case of a moderate size for each operation.
  public static func smokeTest(seed: UInt64 = defaultSeed) -> [ConformanceCase] {
    var seen: Set<String> = []
    return all(seed: seed).filter { item in
      let isModerate = item.largestCount > 32 && item.largestCount <= 1 << 14
      guard isModerate, !item.operationKinds.isSubset(of: seen) else { return false }
      seen.formUnion(item.operationKinds)
      return true
    }
  }
}
