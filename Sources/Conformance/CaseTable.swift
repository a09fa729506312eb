import Compute

/// Every case that a device must pass.
public struct CaseTable {
  /// The seed of all inputs unless another is asked for.
  public static let defaultSeed: UInt64 = 20_151

  let seed: UInt64

  /// All cases, in the order of the operations.
  ///
  /// Sizes are 1, primes, one less and one more than a tile (16 and 25 in panels, 64 in tiles),
  /// tiles, and those of Burda et al.'s models.
  public static func all(seed: UInt64 = defaultSeed) -> [ConformanceCase] {
    let table = CaseTable(seed: seed)
    return Compute.Operation.Family.allCases.flatMap(table.cases) + table.stepCases()
  }

  /// The cases of one family of operations.
  func cases(of family: Compute.Operation.Family) -> [ConformanceCase] {
    switch family {
    case .gather: gatherCases()
    case .multiply: multiplyCases()
    case .weightGradient: weightGradientCases() + biasGradientCases()
    case .noise: noiseCases()
    case .map: mapCases()
    case .columns: columnsCases()
    case .classes: classesCases()
    case .estimate: estimateCases()
    case .draw: drawCases()
    case .accumulateWeights: accumulateWeightsCases()
    case .normalize: normalizeCases()
    case .sum: sumCases() + sumSamplesCases()
    case .logSumExp: logSumExpCases()
    case .relay: relayCases()
    case .triangle: triangleCases()
    case .quadratic: quadraticCases()
    case .moments: momentsCases()
    case .clip: clipCases()
    case .adam: adamCases()
    }
  }
}

extension CaseTable {
  /// A first look at a device: one case of a moderate size for each operation.
  public static func smokeTest(seed: UInt64 = defaultSeed) -> [ConformanceCase] {
    var seen: Set<String> = []
    return all(seed: seed).filter { item in
      guard item.isModerate, !item.operationKinds.isSubset(of: seen) else { return false }
      seen.formUnion(item.operationKinds)
      return true
    }
  }

  /// A look at a device's tuning: the products and the sums over rows, whose code a tuning changes, at
  /// all moderate sizes, and the smoke test of everything else.
  public static func tuningTest(seed: UInt64 = defaultSeed) -> [ConformanceCase] {
    let tuned: Set<Compute.Operation.Family> = [.multiply, .weightGradient]
    let products = all(seed: seed).filter { item in
      item.largestCount <= 1 << 14
        && item.program.operations.allSatisfy { tuned.contains($0.family) }
    }
    let names = Set(products.map(\.name))
    return products + smokeTest(seed: seed).filter { !names.contains($0.name) }
  }
}
