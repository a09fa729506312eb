import Compute

extension Objective {
  /// The decoder on IWAE over all M * K samples, the encoder on MIWAE.
  public static let piwae = Objective("piwae", encoderSignal: .fadesWithSamples) { counts in
    Row(
      bound: BoundRule(), encoderBound: BoundRule(.group), decoder: counts.all,
      path: counts.group, doubled: CoefficientRule(.group, square: counts.perGroup))
  }
}
