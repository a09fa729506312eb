import Compute

extension Objective {
  /// The importance-weighted bound of all samples.
  public static let iwae = Objective("iwae", encoderSignal: .fades) { counts in
    Row(bound: BoundRule(), decoder: counts.all, doubled: CoefficientRule(.all, square: 1))
  }
}
