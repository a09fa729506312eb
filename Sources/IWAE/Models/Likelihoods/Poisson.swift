import Compute

extension Likelihood {
  /// Counts, of rate exp(log_rate). A draw inverts the cumulative sum.
  public static let poisson = Likelihood(
    definition: .string("poisson"), family: "poisson", heads: ["log_rate"],
    logDensity: "x * log_rate - exp(log_rate) - lgamma(x + 1)", mean: "exp(log_rate)",
    support: .counts, initialBias: "log(max(mean, 0.001))")
}
