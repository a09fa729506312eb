import Compute

/// Columns of matrices among those of others, and triangles in them.
extension DerivationCheck {
  /// A network that is told a label, which nothing is derived by, and a context, which is an image's
  /// and whose samples share it; layers and maps read the parts as well.
  static func columns(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("columns", seed)
    let context = build.layer("context", build.input("y", 2, 4), 3, .tanh)
    build.endEncoder()
    let label = build.input("label", 2, 2)
    let latent = build.layer("latent", build.input("x", 6, 4), 3)
    let told = build.columns("told", 6, [(latent, 0..<3), (label, 0..<2), (context, 1..<3)])
    let hidden = build.layer("hidden", told, 5, .softplus)
    let other = build.layer("other", latent, 2, .tanh)
    let first = build.sum("first", of: hidden.value.squared)
    let second = build.sum("second", of: .softplus(latent.value))
    let third = build.sum("third", of: other.value)
    let term = build.vector("term", 6, first.value * second.value + third.value)
    return build.finish(term, heads: [context])
  }

  /// A step of a coupling flow: one part moves as the other says, and both are put together again.
  static func coupling(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("coupling", seed)
    let u = build.layer("u", build.input("x", 5, 3), 5)
    let (a, b) = (
      build.columns("a", 5, [(u, 0..<2)]), build.columns("b", 5, [(u, 2..<5)])
    )
    let hidden = build.layer("hidden", a, 4, .tanh)
    let (shift, scale) = (
      build.layer("shift", hidden, 3), build.layer("log_scale", hidden, 3, .tanh)
    )
    let moved = build.map("moved", 5, 3, b.value * .exp(scale.value) + shift.value)
    let next = build.columns("next", 5, [(a, 0..<2), (moved, 0..<3)])
    let density = build.sum("density", of: -0.5 * next.value.squared)
    let volume = build.sum("volume", of: scale.value)
    let layer = build.sum("layer", of: .softplus(build.layer("last", next, 2).value))
    let term = build.vector("term", 5, density.value + volume.value + layer.value)
    return build.finish(term)
  }

  /// A posterior with a full covariance, in which a row has its triangle or samples share one, and the
  /// network that its sample goes through.
  static func triangle(_ seed: UInt64, samples: Int) -> DifferenceCheck.Problem {
    let (images, units) = (6 / samples, 4)
    var build = DerivationBuilder("triangle,k=\(samples)", seed)
    let hidden = build.layer("hidden", build.input("x", images, 4), 5, .tanh)
    let (mean, logSigma) = (
      build.layer("mean", hidden, units), build.layer("log_sigma", hidden, units)
    )
    let lower = build.layer("lower", hidden, units * (units - 1) / 2)
    if samples > 1 { build.endEncoder() }
    let noise = build.input("noise", 6, units)
    let moved = build.triangle("moved", lower, noise)
    let z = build.map(
      "z", 6, units, mean.value + .exp(logSigma.value) * noise.value + moved.value)
    let density = build.sum("density", of: logSigma.value - 0.5 * z.value.squared)
    let decoded = build.sum("decoded", of: .softplus(build.layer("last", z, 3).value))
    let term = build.vector("term", 6, density.value + decoded.value * density.value)
    return build.finish(term, heads: samples > 1 ? [mean, logSigma, lower] : [])
  }
}
