import Compute

extension Objective {
  /// Reweighted wake-sleep: the encoder follows the wake phase.
  public static let rws = Objective(
    "rws", encoderSignal: .stays, hasEstimators: false
  ) { counts in
    Row(
      bound: BoundRule(), decoder: counts.all, path: CoefficientRule(), score: counts.all,
      doubled: CoefficientRule())
  }
}
