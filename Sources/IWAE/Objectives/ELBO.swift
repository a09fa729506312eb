import Compute

extension Objective {
  /// The evidence lower bound with the divergence to N(0, I) in closed form.
  public static let elbo = elbo(freeBits: 0)

  /// That with a divergence of each topmost unit that counts as so many nats at least, and has no
  /// gradient below: free bits, as in Kingma et al. 2016, but image by image instead of on average over
  /// a batch.
  ///
  /// - Precondition: `freeBits` is a number of at least 0.
  public static func elbo(freeBits: Double) -> Objective {
    precondition(freeBits >= 0, "expected at least 0 nats, found \(freeBits)")
    return Objective(
      "elbo", from: .table(parameters: freeBits == 0 ? [] : [freeBits]), encoderSignal: .stays,
      hasEstimators: false, freeBits: freeBits
    ) { counts in
      Row(bound: BoundRule(meanShare: 1), decoder: counts.mean, doubled: counts.mean)
    }
  }
}
