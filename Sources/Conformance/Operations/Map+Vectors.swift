import Compute

extension CaseTable {
  /// Maps of which rows are all there is.
  func vectorCases() -> [ConformanceCase] {
    [1, 2, 15, 16, 17, 64, 65, 1000].flatMap { rows in
      [(1, 0), (1, 1), (2, 4), (4, 3)].map { likelihoods, annealed in
        logWeight(rows, likelihoods: likelihoods, annealed: annealed)
      } + [1, -1.5].map { streamedBound(rows, temperature: $0) }
        + [accept(rows), sharedVectors(rows)]
    } + [acceptWithoutNumbers()]
  }

  private func logWeight(_ rows: Int, likelihoods: Int, annealed: Int) -> ConformanceCase {
    var map = MapCaseBuilder(
      "log weight,likelihoods=\(likelihoods),annealed=\(annealed)", RowSize(rows, 1, 1),
      isOfVectors: true, seed)
    let likelihood = (0..<likelihoods).map { map.row("likelihood\($0)", .normal(scale: 90)) }
    let priors = (0..<annealed).map { map.row("annealed\($0)", .normal(scale: 20)) }
    map.result(
      "output",
      likelihood.reduce(0, +) + Control.Value.klWeight.formula * priors.reduce(0, +),
      .sums(of: likelihoods + annealed), termSize: 90)
    return map.finish()
  }

  /// The contribution of running sums over weights to a bound.
  private func streamedBound(_ rows: Int, temperature: Double) -> ConformanceCase {
    var map = MapCaseBuilder(
      "streamed bound,temperature=\(temperature)", RowSize(rows, 1, 1), isOfVectors: true, seed)
    let total = map.state("total")
    let mean = map.row("sum", .uniform(1...41)) / map.row("count", .cycle([50]))
    let bound = map.row("maximum", .normal(scale: 90)) + .log(mean) / Formula(temperature)
    map.replace(
      total, by: total + map.row("share", .cycle([0.25])) * bound, .sums(of: 2), termSize: 90)
    return map.finish()
  }

  private func accept(_ rows: Int) -> ConformanceCase {
    var map = MapCaseBuilder("accept", RowSize(rows, 1, 1), isOfVectors: true, seed)
    let uniform = map.row("uniform", .uniform(0.001...0.999))
    map.result("accepted", acceptance(uniform, map.ratio()), .exact)
    return map.finish()
  }

  /// The cases that no noise decides: a density that is not a number or is zero at the end is
  /// refused, one that is zero at the beginning is left.
  private func acceptWithoutNumbers() -> ConformanceCase {
    var map = MapCaseBuilder("accept,special", RowSize(5, 1, 1), isOfVectors: true, seed)
    let before = map.row("before", .cycle([0, 0, -.infinity, .nan, -.infinity]))
    let after = map.row("after", .cycle([.nan, -.infinity, 0, 0, -.infinity]))
    let uniform = map.row("uniform", .uniform(0.001...0.999))
    map.result("accepted", acceptance(uniform, after - before), .exact)
    return map.finish()
  }

  func acceptance(_ uniform: Formula, _ ratio: Formula) -> Formula {
    .where(.less(uniform, .exp(.min(0, ratio))), 1, 0)
  }

  /// Several vectors at once, one of them in the place of an operand, with a parameter.
  private func sharedVectors(_ rows: Int) -> ConformanceCase {
    var map = MapCaseBuilder("vectors", RowSize(rows, 1, 1), isOfVectors: true, seed)
    let (a, p) = (map.row("a"), map.single("single"))
    let total = map.state("total", .normal(scale: 90))
    let bounded = Formula.tanh(a * p)
    map.result("bounded", bounded, termSize: 1)
    map.result("slope", p * (1 - bounded.squared), termSize: 1)
    map.replace(total, by: total + bounded, termSize: 90)
    return map.finish()
  }
}

extension MapCaseBuilder {
  /// The logarithm of the ratio of the densities at a trajectory's ends.
  mutating func ratio() -> Formula {
    Control.Value.klWeight.formula * (row("after") - row("before"))
      + (row("after.momentum") - row("before.momentum"))
  }
}
