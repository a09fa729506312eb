import Compute

extension Likelihood {
  /// Positive numbers, of mean exp(log_mean).
  public static let exponential = Likelihood(
    definition: .string("exponential"), family: "exponential", heads: ["log_mean"],
    logDensity: "-log_mean - x * exp(-log_mean)", mean: "exp(log_mean)",
    draw: "-log(u) * exp(log_mean)", support: .positive, initialBias: "log(max(mean, 0.001))")
}
