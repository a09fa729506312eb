import Compute

extension Posterior {
  /// Independent normal units: z = mean + exp(log_sigma) e.
  public static let gaussian = gaussian(.string("gaussian"), family: "gaussian", name: "gaussian")

  /// Normal units, and what moves them together.
  static func gaussian(
    _ definition: JSONValue, family: String, name: String, move: (any PosteriorMove)? = nil
  ) -> Posterior {
    let heads = ["mean", "log_sigma"]
    return Posterior(
      definition: definition, family: family, name: name, unitHeads: heads,
      noise: .normal, sample: Formula(known: "mean + exp(log_sigma) * e", ["e"] + heads),
      logDensity: Formula(
        known: "-0.5 * ((z - mean) * exp(-log_sigma))^2 - log_sigma - 0.5 * log(2 * pi)",
        ["z"] + heads),
      inverse: Formula(known: "(z - mean) * exp(-log_sigma)", ["z"] + heads),
      // expm1 keeps what is left of e^(2 s) - 1 - 2 s near the prior.
      divergence: move == nil
        ? Formula(known: "0.5 * (mean^2 + expm1(2 * log_sigma)) - log_sigma", heads) : nil,
      knownCenter: "mean", move: move)
  }
}
