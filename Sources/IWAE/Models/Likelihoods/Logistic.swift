import Compute

extension Likelihood {
  /// Levels 0 to 255, over 255: the mass that a logistic density gives the level's bin. The bins at the
  /// ends take the tails.
  ///
  /// With u and l for the bin's ends, sigmoid(u) - sigmoid(l) is
  /// sigmoid(u) sigmoid(-l) (1 - e^(l - u)), whose logarithm loses nothing in either tail.
  public static let logistic = Likelihood(
    definition: .string("logistic"), family: "logistic", heads: ["mean", "log_scale"],
    logDensity: """
      where(x < 1 / 510, -softplus(-\(upper)), where(509 / 510 < x, -softplus(\(lower)), \
      -softplus(-\(upper)) - softplus(\(lower)) + log(-expm1(-exp(-log_scale) / 255))))
      """,
    // 1 - the integral of the distribution function over [0, 1].
    mean: "1 - exp(log_scale) * (softplus((1 - mean) * exp(-log_scale)) "
      + "- softplus(-mean * exp(-log_scale)))",
    support: .levels, initialBias: "mean")

  private static let upper = "((x - mean + 1 / 510) * exp(-log_scale))"
  private static let lower = "((x - mean - 1 / 510) * exp(-log_scale))"
}
