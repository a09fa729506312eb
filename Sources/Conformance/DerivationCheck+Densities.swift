import Compute
import IWAE

extension DerivationCheck {
  /// Every density that has a name, at the end of layers that give its heads.
  static func densities(_ seed: UInt64) -> [DifferenceCheck.Problem] {
    Likelihood.known.compactMap { known in
      known.logDensity.map { likelihood(known, $0, seed) }
    }
      + Posterior.knownOfUnits.map { posterior($0, seed) }
      + Prior.known.compactMap { prior in prior.logDensity.map { self.prior(prior, $0, seed) } }
      + [classes(seed)]
  }

  private static func likelihood(
    _ likelihood: Likelihood, _ logDensity: Formula, _ seed: UInt64
  ) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("likelihood \(likelihood.name)", seed)
    let h = build.input("h", 6, 4)
    let data = likelihood.support.member(near: build.input("data", 6, 3).value)
    for head in likelihood.heads { _ = build.layer(head, h, 3) }
    for parameter in likelihood.parameters {
      _ = build.parameter(parameter.name, .vector(parameter.size == .single ? 1 : 3))
    }
    return build.finish(build.sum("term", of: logDensity.substituting(["x": data])))
  }

  /// Data of three classes, which samples share, and a density that a function is taken of.
  private static func classes(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("classes", seed)
    let member = Support.classes(3).member(near: build.input("x", 3, 4).value)
    let data = build.map("data", 3, 4, member)
    let logits = build.layer("logits", build.input("h", 6, 5), 12)
    let density = build.classes("density", logits, 3, at: data)
    return build.finish(build.vector("term", 6, .tanh(0.1 * density.value)))
  }

  /// The derivative through the sample and through the density at once.
  private static func posterior(
    _ posterior: Posterior, _ seed: UInt64
  ) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("posterior \(posterior.name)", seed)
    let x = build.input("x", 6, 4)
    let normal = build.input("noise", 6, 3).value
    for head in posterior.heads { _ = build.layer(head, x, 3) }
    let noise = posterior.noise == .normal ? normal : .sigmoid(normal)
    _ = build.map("z", 6, 3, posterior.sample.substituting(["e": noise]))
    return build.finish(build.sum("term", of: posterior.logDensity))
  }

  private static func prior(
    _ prior: Prior, _ logDensity: Formula, _ seed: UInt64
  ) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("prior \(prior.name)", seed)
    _ = build.layer("z", build.input("x", 6, 4), 3)
    for parameter in prior.parameters { _ = build.parameter(parameter, .vector(3)) }
    return build.finish(build.sum("term", of: logDensity))
  }
}

extension Support {
  /// A value that data may have, from any number.
  fileprivate func member(near value: Formula) -> Formula {
    switch self {
    case .unit: .sigmoid(value)
    case .counts: .where(.less(value, 0), 2, 5)
    case .levels: .where(.less(value, 0), 0, .where(.less(value, 0.5), 100.0 / 255, 1))
    case .positive: .exp(value)
    case .reals: value
    case .classes(let count): .where(.less(value, 0), 0, Formula(Double(count - 1)))
    }
  }
}
