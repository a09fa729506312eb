import Compute

extension Posterior {
  /// Independent normal units: z = mean + exp(log_sigma) e.
  public static let gaussian: Posterior = {
    let heads = ["mean", "log_sigma"]
    return Posterior(
      definition: .string("gaussian"), family: "gaussian", name: "gaussian", heads: heads,
      noise: .normal, sample: Formula(known: "mean + exp(log_sigma) * e", ["e"] + heads),
      logDensity: Formula(
        known: "-0.5 * ((z - mean) * exp(-log_sigma))^2 - log_sigma - 0.5 * log(2 * pi)",
        ["z"] + heads),
      inverse: Formula(known: "(z - mean) * exp(-log_sigma)", ["z"] + heads),
      // expm1 keeps what is left of e^(2 s) - 1 - 2 s near the prior.
      divergence: Formula(known: "0.5 * (mean^2 + expm1(2 * log_sigma)) - log_sigma", heads),
      knownCenter: "mean")
  }()
}
