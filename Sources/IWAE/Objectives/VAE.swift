import Compute

extension Objective {
  /// The evidence lower bound, sampled.
  public static let vae = Objective("vae", encoderSignal: .stays) { counts in
    Row(bound: BoundRule(meanShare: 1), decoder: counts.mean, doubled: counts.mean)
  }
}
