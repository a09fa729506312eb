import Compute

extension Objective {
  /// The evidence lower bound with the divergence to N(0, I) in closed form.
  public static let elbo = Objective(
    "elbo", encoderSignal: .stays, hasEstimators: false, isClosedForm: true
  ) { counts in
    Row(bound: BoundRule(meanShare: 1), decoder: counts.mean, doubled: counts.mean)
  }
}
