import Compute
import Foundation

/// log(2 pi) / 2
private let halfLogTwoPi = Formula(0.5 * log(2 * Double.pi))

extension CaseTable {
  /// Densities of data and of latents: their sums over rows, and the derivatives beside them.
  func densityCases() -> [ConformanceCase] {
    RowSize.pixels.flatMap { size in
      [3, 100].map { largest in
        bernoulli(size, largest, hasDelta: largest == 3 || size.columns > 100)
      } + [gaussian(size), conditional(size)]
    }
      + RowSize.few.flatMap { size in
        [
          continuousBernoulli(size), poisson(size), student(size),
          beta(size), laplace(size),
        ]
      }
  }

  private func bernoulli(_ size: RowSize, _ largest: Float, hasDelta: Bool) -> ConformanceCase {
    var map = MapCaseBuilder("bernoulli,logits=\(largest),delta=\(hasDelta)", size, seed)
    let (a, x) = (map.element("logits", .spread(largest)), map.shared("target", .bits))
    map.sum("term", of: x * a - .softplus(a))
    if hasDelta { map.result("delta", x - .sigmoid(a)) }
    return map.finish()
  }

  /// The likelihood of Gaussian data: one target for all samples of an image.
  private func gaussian(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("gaussian", size, seed)
    let (mean, logSigma) = (map.element("mean"), map.element("log_sigma", .normal(scale: 0.5)))
    let z = (map.shared("target") - mean) * .exp(-logSigma)
    map.sum("term", of: -0.5 * z.squared - logSigma - halfLogTwoPi, termSize: 1)
    map.result("mean.delta", z * .exp(-logSigma), termSize: 1)
    map.result("log_sigma.delta", z.squared - 1, termSize: 1)
    return map.finish()
  }

  /// The density of a latent under the layer above: a target for each sample, and deltas that warm
  /// up.
  private func conditional(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("conditional", size, seed)
    let (mean, logSigma) = (map.element("mean"), map.element("log_sigma", .normal(scale: 0.5)))
    let annealing = Control.Value.klWeight.formula
    let z = (map.element("target") - mean) / .exp(logSigma)
    let slope = annealing * z / .exp(logSigma)
    map.sum("term", of: -0.5 * z.squared - logSigma - halfLogTwoPi, termSize: 1)
    map.result("mean.delta", slope, termSize: 1)
    map.result("log_sigma.delta", annealing * (z.squared - 1), termSize: 1)
    map.result("target.delta", -slope, termSize: 1)
    return map.finish()
  }

  /// The Bernoulli's density on [0, 1], with its normaliser log(a / tanh(a / 2)), a series where the
  /// quotient loses what its derivative needs.
  private func continuousBernoulli(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("continuous bernoulli", size, seed)
    let (a, x) = (map.element("logits", .spread(20)), map.shared("target", .uniform(0...1)))
    let square = a.squared
    let series: Formula =
      2 + square * (1.0 / 6 + square * (-1.0 / 360 + square * (1.0 / 15_120)))
    let normaliser: Formula = .where(.less(.abs(a), 0.5), series, a / .tanh(0.5 * a))
    let term = x * a - .softplus(a) + .log(normaliser)
    map.sum("term", of: term, termSize: 4)
    // The normaliser's slope is a difference of two numbers of up to 4.
    map.result("delta", map.slope(of: term, by: a), termSize: 4)
    return map.finish()
  }

  private func poisson(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("poisson", size, seed)
    let (a, x) = (map.element("log_rate"), map.shared("target", .counts(10)))
    let term = x * a - .exp(a) - .lgamma(x + 1)
    map.sum("term", of: term, termSize: 5, limit: 16)
    map.result("delta", map.slope(of: term, by: a), termSize: 1)
    return map.finish()
  }

  /// With degrees of freedom to learn, so that digamma comes about.
  private func student(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("student", size, seed)
    let (mean, logSigma) = (map.element("mean"), map.element("log_sigma", .normal(scale: 0.5)))
    let freedom = map.column("degrees", .uniform(2...9))
    let z = (map.shared("target") - mean) * .exp(-logSigma)
    let half: Formula = 0.5 * freedom
    let normaliser: Formula =
      .lgamma(half + 0.5) - .lgamma(half) - 0.5 * .log(Formula(.pi) * freedom) - logSigma
    let term: Formula = normaliser - (half + 0.5) * .log1p(z.squared / freedom)
    map.sum("term", of: term, termSize: 5, limit: 16)
    map.result("mean.delta", map.slope(of: term, by: mean), termSize: 1)
    map.result("log_sigma.delta", map.slope(of: term, by: logSigma), .gamma, termSize: 1)
    map.result("degrees.delta", map.slope(of: term, by: freedom), .gamma, termSize: 1)
    return map.finish()
  }

  private func beta(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("beta", size, seed)
    let (first, second) = (map.element("first"), map.element("second"))
    let x = map.shared("target", .uniform(0.05...0.95))
    let (a, b) = (Formula.softplus(first) + 0.1, Formula.softplus(second) + 0.1)
    let powers: Formula = (a - 1) * .log(x) + (b - 1) * .log1p(-x)
    let term: Formula = powers + .lgamma(a + b) - .lgamma(a) - .lgamma(b)
    map.sum("term", of: term, termSize: 3, limit: 16)
    // Near its pole at 0, digamma's error grows with its size.
    map.result("first.delta", map.slope(of: term, by: first), .gamma, termSize: 3)
    map.result("second.delta", map.slope(of: term, by: second), .gamma, termSize: 3)
    return map.finish()
  }

  private func laplace(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("laplace", size, seed)
    let (mean, logSigma) = (map.element("mean"), map.element("log_scale", .normal(scale: 0.5)))
    let term =
      -Formula.abs(map.shared("target") - mean) * .exp(-logSigma) - logSigma - .log(2)
    map.sum("term", of: term, termSize: 1)
    map.result("mean.delta", map.slope(of: term, by: mean), termSize: 1)
    map.result("log_scale.delta", map.slope(of: term, by: logSigma), termSize: 1)
    return map.finish()
  }
}
