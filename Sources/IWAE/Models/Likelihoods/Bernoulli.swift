import Compute

extension Likelihood {
  /// 0s and 1s, of logit `logits`.
  public static let bernoulli = Likelihood(
    definition: .string("bernoulli"), family: "bernoulli", heads: ["logits"],
    logDensity: "x * logits - softplus(logits)", mean: "sigmoid(logits)",
    draw: "u < sigmoid(logits)", support: .unit, isBinarized: true,
    meanName: "probabilities", initialBias: logitOfMean)
}
