import Compute

extension Objective {
  /// VIMCO: the encoder follows its density alone, each sample judged by what the bound would be
  /// without it.
  public static let vimco = Objective(
    "vimco", encoderSignal: .fadesWithSamples, hasEstimators: false, leastSamples: 2
  ) { counts in
    Row(
      bound: BoundRule(.group), decoder: counts.group, path: CoefficientRule(),
      score: -counts.group, leaveOneOut: counts.perGroup, doubled: CoefficientRule())
  }
}
