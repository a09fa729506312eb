import Compute

extension Posterior {
  /// Independent logistic units: z = center + exp(log_scale) log(e / (1 - e)), e uniform.
  public static let logistic: Posterior = {
    let heads = ["center", "log_scale"]
    let inverse = "(z - center) * exp(-log_scale)"
    return Posterior(
      definition: .string("logistic"), family: "logistic", name: "logistic", unitHeads: heads,
      noise: .uniform,
      sample: Formula(known: "center + exp(log_scale) * (log(e) - log1p(-e))", ["e"] + heads),
      logDensity: Formula(
        known: "-\(inverse) - log_scale - 2 * softplus(-\(inverse))", ["z"] + heads))
  }()
}
