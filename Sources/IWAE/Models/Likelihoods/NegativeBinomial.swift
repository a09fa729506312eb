import Compute

extension Likelihood {
  /// Counts of mean exp(log_rate), whose variance exceeds that by its square over
  /// r = exp(log_dispersion), which every variable learns. A draw inverts the cumulative sum.
  ///
  /// With t = log_rate - log_dispersion, log p is
  /// lgamma(x + r) - lgamma(r) - lgamma(x + 1) + x t - (x + r) softplus(t).
  public static let negativeBinomial = Likelihood(
    definition: .string("negative-binomial"), family: "negative-binomial", heads: ["log_rate"],
    parameters: [.init(name: "log_dispersion", size: .perVariable, initial: 0)],
    logDensity: """
      where(log_dispersion < 4, \(risingFactorial) - x * log_dispersion, \(stirling)) \
      - lgamma(x + 1) + x * log_rate \
      - (x + exp(log_dispersion)) * softplus(log_rate - log_dispersion)
      """, mean: "exp(log_rate)", support: .counts, initialBias: "log(max(mean, 0.001))")

  private static let risingFactorial =
    "lgamma(x + exp(log_dispersion)) - lgamma(exp(log_dispersion))"

  // The same less x log r, for r above 54, where single precision would lose the difference of large
  // numbers: by Stirling's series, whose next term is below 1e-9.
  private static let stirling: String = {
    let (r, s) = ("exp(log_dispersion)", "(x + exp(log_dispersion))")
    return "((\(s) - 0.5) * log1p(x / \(r)) - x + (1 / \(s) - 1 / \(r)) / 12 "
      + "- (1 / \(s)^3 - 1 / \(r)^3) / 360)"
  }()
}
