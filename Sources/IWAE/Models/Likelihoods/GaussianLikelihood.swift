import Compute

extension Likelihood {
  /// Normal numbers whose deviation the decoder gives.
  public static let gaussian = Likelihood(
    definition: .string("gaussian"), family: "gaussian", heads: ["mean", "log_sigma"],
    logDensity: learnedSigma, mean: "mean", draw: "mean + exp(log_sigma) * n", support: .reals,
    initialBias: "mean")

  /// Normal numbers, all with one deviation that is learned.
  public static let gaussianShared = Likelihood(
    definition: .object(["family": .string("gaussian"), "sigma": .string("shared")]),
    family: "gaussian", heads: ["mean"],
    parameters: [.init(name: "log_sigma", size: .single, initial: 0)],
    logDensity: learnedSigma, mean: "mean", draw: "mean + exp(log_sigma) * n", support: .reals,
    initialBias: "mean")

  /// Normal numbers of a given deviation.
  ///
  /// - Precondition: `sigma` is in `sigmas`.
  public static func gaussian(sigma: Double) -> Likelihood {
    precondition(sigmas.contains(sigma), "expected a deviation in \(sigmas), found \(sigma)")
    return Likelihood(
      definition: .object(["family": .string("gaussian"), "sigma": .number(sigma)]),
      family: "gaussian", heads: ["mean"],
      logDensity: "-0.5 * ((x - mean) / \(sigma))^2 - log(\(sigma)) - 0.5 * log(2 * pi)",
      mean: "mean", draw: "mean + \(sigma) * n", support: .reals, initialBias: "mean")
  }

  /// The deviations that can be given: their squares' inverses are numbers in single precision.
  public static let sigmas = 1e-15...1e15

  private static let learnedSigma =
    "-0.5 * ((x - mean) * exp(-log_sigma))^2 - log_sigma - 0.5 * log(2 * pi)"

  static let gaussianFamily = DensityFamily<Likelihood>(name: "gaussian") {
    fields throws(DescriptionError) in
    try fields.allow(["sigma"])
    switch fields.values["sigma"] {
    case nil: return .gaussian
    case .string("shared"): return .gaussianShared
    case .number(let sigma) where sigmas.contains(sigma): return .gaussian(sigma: sigma)
    case .some(let value):
      throw fields.wrong(
        "sigma", expected: "'shared' or a number from 1e-15 to 1e15", found: value.quoted)
    }
  }
}
