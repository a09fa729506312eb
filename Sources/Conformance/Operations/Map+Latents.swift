import Compute
import Foundation

extension CaseTable {
  /// Samples of Gaussian posteriors, the terms of their log-weights and the way back through them.
  /// Heads have a row for each image, as on the first layer, or for each sample.
  func latentCases() -> [ConformanceCase] {
    RowSize.latents.flatMap { size in
      [
        sample(size, isUpper: false), sample(size, isUpper: true),
        latentTerm(size, isUpper: false, hasPrior: true),
        latentTerm(size, isUpper: false, hasPrior: false),
        latentTerm(size, isUpper: true, hasPrior: true), closedForm(size),
        latentGradient(size, hasScore: false), latentGradient(size, hasScore: true),
      ]
    }
  }

  private func heads(
    _ map: inout MapCaseBuilder, isUpper: Bool
  ) -> (mean: Formula, logSigma: Formula) {
    let values = MapValues.normal(scale: 0.5)
    return isUpper
      ? (map.element("mean"), map.element("log_sigma", values))
      : (map.shared("mean"), map.shared("log_sigma", values))
  }

  private func sample(_ size: RowSize, isUpper: Bool) -> ConformanceCase {
    var map = MapCaseBuilder("sample,upper=\(isUpper)", size, seed)
    let (mean, logSigma) = heads(&map, isUpper: isUpper)
    map.result("z", mean + .exp(logSigma) * map.element("noise"), termSize: 1)
    return map.finish()
  }

  /// log p(z) - log q(z) with the standard normal prior, or -log q(z) beside the sample.
  private func latentTerm(_ size: RowSize, isUpper: Bool, hasPrior: Bool) -> ConformanceCase {
    var map = MapCaseBuilder("latent term,upper=\(isUpper),prior=\(hasPrior)", size, seed)
    let (mean, logSigma) = heads(&map, isUpper: isUpper)
    let noise = map.element("noise")
    let z = mean + .exp(logSigma) * noise
    if hasPrior {
      map.sum("term", of: 0.5 * noise.squared + logSigma - 0.5 * z.squared, termSize: 1)
    } else {
      let constant = Formula(0.5 * log(2 * Double.pi))
      map.sum("term", of: 0.5 * noise.squared + logSigma + constant, termSize: 1)
      map.result("z", z, termSize: 1)
    }
    return map.finish()
  }

  /// A row for each sample out of rows for each image alone.
  private func closedForm(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("closed form", size, seed)
    let (mean, logSigma) = heads(&map, isUpper: false)
    map.sum(
      "term", of: 0.5 * (1 + 2 * logSigma - mean.squared - .exp(2 * logSigma)), termSize: 1)
    return map.finish()
  }

  /// The heads' deltas along a sample's path and through its density, with the coefficients of both.
  private func latentGradient(_ size: RowSize, hasScore: Bool) -> ConformanceCase {
    var map = MapCaseBuilder("latent gradient,score=\(hasScore)", size, seed)
    let annealing = Control.Value.klWeight.formula
    let (mean, logSigma) = heads(&map, isUpper: false)
    let (noise, path) = (map.element("noise"), map.row("path"))
    let z = mean + .exp(logSigma) * noise
    let flow = map.element("decoder") - annealing * z
    let spread = flow * .exp(logSigma) * noise + annealing
    // Products of up to five normal numbers, which cancel.
    map.result("mean.flow", flow, termSize: 1)
    map.result("log_sigma.flow", spread, termSize: 4)
    guard hasScore else {
      map.result("mean.own", path * flow, termSize: 2)
      map.result("log_sigma.own", path * spread, termSize: 4)
      return map.finish()
    }
    let both = annealing * (path + map.row("score"))
    map.result("mean.own", path * flow + both * noise * .exp(-logSigma), termSize: 2)
    map.result("log_sigma.own", path * spread + both * (noise.squared - 1), termSize: 4)
    return map.finish()
  }
}
