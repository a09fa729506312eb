import Compute

extension Posterior {
  /// Independent 0s and 1s, of logit `logits`. No gradient goes through the sample.
  public static let bernoulli = Posterior(
    definition: .string("bernoulli"), family: "bernoulli", name: "bernoulli", unitHeads: ["logits"],
    noise: .uniform, sample: Formula(known: "e < sigmoid(logits)", ["e", "logits"]),
    logDensity: Formula(known: "z * logits - softplus(logits)", ["z", "logits"]),
    knownCenter: Formula(known: "sigmoid(logits)", ["logits"]))
}
