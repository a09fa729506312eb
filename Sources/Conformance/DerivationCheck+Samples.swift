import Compute

/// Rows that several samples share: their cotangents are summed over the samples, with coefficients.
extension DerivationCheck {
  /// The heads of a posterior, which are given.
  static func broadcast(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("broadcast", seed)
    let mean = build.input("mean", 2, 3)
    let logSigma = build.input("log_sigma", 2, 3)
    let z = build.map(
      "z", 6, 3, mean.value + .exp(logSigma.value) * build.input("noise", 6, 3).value)
    let a = build.layer("layer", z, 4, .tanh)
    let likelihood = build.sum("likelihood", of: build.input("target", 2, 4).value * a.value)
    let latent = build.sum("latent", of: logSigma.value - 0.5 * z.value.squared)
    let term = build.vector(
      "term", 6, likelihood.value + Control.Value.klWeight.formula * latent.value)
    return build.finish(term, heads: [mean, logSigma])
  }

  /// A whole autoencoder, walked back in two: down to the heads, then from their sums over samples.
  static func autoencoder(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("autoencoder", seed)
    let x = build.input("x", 2, 5)
    let hidden = build.layer("encoder", x, 4, .tanh)
    let (mean, logSigma) = (build.layer("mean", hidden, 3), build.layer("log_sigma", hidden, 3))
    build.endEncoder()
    let noise = build.input("noise", 6, 3)
    let z = build.map("z", 6, 3, mean.value + .exp(logSigma.value) * noise.value)
    let latent = build.sum(
      "latent", of: 0.5 * noise.value.squared + logSigma.value - 0.5 * z.value.squared)
    let decoded = build.layer("decoder", z, 4, .softplus)
    let logits = build.layer("logits", decoded, 5)
    let likelihood = build.sum(
      "likelihood", of: x.value * logits.value - .softplus(logits.value))
    let term = build.vector(
      "term", 6, likelihood.value + Control.Value.klWeight.formula * latent.value)
    return build.finish(term, heads: [mean, logSigma])
  }
}
