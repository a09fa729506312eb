import Compute
import IWAE

extension CaseTable {
  /// The formulas of every density that has a name, and their derivatives, as the tables of families
  /// have them.
  func namedDensityCases() -> [ConformanceCase] {
    RowSize.few.flatMap { size in
      Likelihood.known.compactMap { likelihood($0, size) }
        + Posterior.knownOfUnits.map { posterior($0, size) }
        + Prior.known.compactMap { prior in prior.logDensity.map { self.prior(prior, $0, size) } }
    }
  }

  private func likelihood(_ likelihood: Likelihood, _ size: RowSize) -> ConformanceCase? {
    guard let logDensity = likelihood.logDensity, let mean = likelihood.mean else { return nil }
    var map = MapCaseBuilder("likelihood \(likelihood.name)", size, seed)
    _ = map.shared("x", likelihood.support.values)
    let heads = likelihood.heads.map { map.element($0, .normal(scale: 0.7)) }
    for parameter in likelihood.parameters {
      switch parameter.size {
      case .single: _ = map.single(parameter.name)
      case .perVariable: _ = map.column(parameter.name)
      }
    }
    map.density(logDensity, by: heads)
    map.result("expectation", mean, .gamma, termSize: 1)
    return map.finish()
  }

  private func posterior(_ posterior: Posterior, _ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("posterior \(posterior.name)", size, seed)
    _ = map.element("e", posterior.noise == .normal ? .normal() : .uniform(0.001...0.999))
    let z = map.element("z")
    let heads = posterior.heads.map { map.element($0, .normal(scale: 0.7)) }
    map.density(posterior.logDensity, by: heads + [z])
    map.result("drawn", posterior.sample, .gamma, termSize: 1)
    return map.finish()
  }

  private func prior(
    _ prior: Prior, _ logDensity: Formula, _ size: RowSize
  ) -> ConformanceCase {
    var map = MapCaseBuilder("prior \(prior.name)", size, seed)
    let z = map.element("z")
    let parameters = prior.parameters.map { map.column($0, .normal(scale: 0.7)) }
    map.density(logDensity, by: parameters + [z])
    return map.finish()
  }
}

extension MapCaseBuilder {
  /// A sum over rows and its derivatives. What a formula cancels is not known here, so terms may be of
  /// a size of 4 and functions as inexact as those of the gamma family.
  fileprivate mutating func density(_ formula: Formula, by variables: [Formula]) {
    sum("log_density", of: formula, termSize: 4, limit: 16)
    for variable in variables {
      result("\(variable).delta", slope(of: formula, by: variable), .gamma, termSize: 4)
    }
  }
}

extension Support {
  /// Numbers that a density of the support is tried with.
  fileprivate var values: MapValues {
    switch self {
    case .unit: .uniform(0...1)
    case .counts: .counts(10)
    case .levels: .cycle([0, 1, 100 / 255, 254 / 255, 1 / 255].map { Float($0) })
    case .positive: .uniform(0.05...4)
    case .reals: .normal()
    case .classes(let count): .cycle((0..<count).map { Float($0) })
    }
  }
}

extension Density {
  /// The members of the table that have names.
  static var known: [Self] { names.map(Self.init(ours:)) }

  /// A density that cases are made of, by its name or its JSON.
  init(ours text: String) {
    self = checked("The density '\(text)'") { try Self(named: text) }
  }
}

extension Posterior {
  /// Those of which formulas say all.
  static var knownOfUnits: [Posterior] { known.filter { $0.heads == $0.unitHeads } }
}
