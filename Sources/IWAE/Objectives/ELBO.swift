import Compute

extension Objective {
  /// The evidence lower bound with the divergence to N(0, I) in closed form.
  public static let elbo = elbo(freeBits: 0)

  /// That with a divergence of each topmost unit that counts as so many nats at least (Kingma et al.
  /// 2016): what is free has no gradient.
  public static func elbo(freeBits: Double) -> Objective {
    Objective(
      "elbo", from: .table(parameters: freeBits == 0 ? [] : [freeBits]), encoderSignal: .stays,
      hasEstimators: false, freeBits: freeBits
    ) { counts in
      Row(bound: BoundRule(meanShare: 1), decoder: counts.mean, doubled: counts.mean)
    }
  }
}
