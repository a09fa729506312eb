import Compute

extension Objective {
  /// The mean of the groups' importance-weighted bounds.
  public static let miwae = Objective("miwae", encoderSignal: .fadesWithSamples) { counts in
    Row(
      bound: BoundRule(.group), decoder: counts.group,
      doubled: CoefficientRule(.group, square: counts.perGroup))
  }
}
