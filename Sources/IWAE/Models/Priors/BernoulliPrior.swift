import Compute

extension Prior {
  /// Independent 0s and 1s, of logits that are learned.
  public static let bernoulli = Prior(
    definition: .string("bernoulli"), family: "bernoulli", name: "bernoulli",
    parameters: ["logits"],
    logDensity: Formula(known: "z * logits - softplus(logits)", ["z", "logits"]),
    sample: Formula(known: "e < sigmoid(logits)", ["e", "logits"]), noise: .uniform)
}
