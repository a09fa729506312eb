import Compute

extension CaseTable {
  /// Formulas over rows: each way of reading an operand and of keeping a result, each function, and
  /// the formulas of models, samplers and estimators as they are used.
  func mapCases() -> [ConformanceCase] {
    let sizes = RowSize.latents + RowSize.pixels.dropFirst()
    return sizes.flatMap { size in [readings(size), broadcasts(size)] }
      + RowSize.few.flatMap { size in
        [columnsAlone(size), sharedParts(size), rowsAlone(size)]
      } + functionCases() + densityCases()
      + namedDensityCases() + latentCases() + transitionCases()
      + vectorCases() + productCases()
  }

  /// Every way of reading an operand, into an element, a sum and a sum that is a matrix.
  private func readings(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("readings", size, seed)
    let (a, b) = (map.element("element"), map.shared("shared"))
    let (r, i) = (map.row("row"), map.image("image"))
    let (c, p) = (map.column("column"), map.single("single"))
    let annealing = Control.Value.klWeight.formula
    map.result("product", a * b + r * c - i * p + annealing * c, termSize: 2)
    map.sum("sum", of: a * r + b * i + annealing * c, termSize: 2)
    map.sum("matrix", of: (a - b) * p - annealing * r, termSize: 2, asMatrix: true)
    return map.finish()
  }

  /// Every operand has fewer rows than the results.
  private func broadcasts(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("broadcasts", size, seed)
    let (a, i) = (map.shared("shared"), map.image("image"))
    map.result("product", a * i)
    map.sum("sum", of: a - i, termSize: 2)
    return map.finish()
  }

  /// No operand has both rows and columns, and no result has elements.
  private func columnsAlone(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("columns alone", size, seed)
    let (r, c, p) = (map.row("row"), map.column("column"), map.single("single"))
    map.sum("sum", of: r * c, termSize: 1)
    map.sum("matrix", of: r - c * p, termSize: 2, asMatrix: true)
    return map.finish()
  }

  /// Rows' values alone as elements.
  private func rowsAlone(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("rows alone", size, seed)
    let (r, i) = (map.row("row"), map.image("image"))
    map.result("product", r * i + 0.25)
    return map.finish()
  }

  /// Several results of which each needs parts of the others, one of them a number.
  private func sharedParts(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("shared parts", size, seed)
    let (a, b) = (map.element("a"), map.shared("b", .normal(scale: 0.5)))
    let scaled = a * .exp(-b)
    let bounded = Formula.tanh(scaled)
    map.result("scaled", scaled, termSize: 1)
    map.result("bounded", bounded, termSize: 1)
    // 1 - y^2 is as exact as 1 is, and e^-b multiplies that by up to 5 or so.
    map.result("slope", (1 - bounded.squared) * .exp(-b), termSize: 5)
    map.sum("squares", of: scaled.squared, termSize: 1)
    map.sum("sum", of: bounded - b, termSize: 1)
    map.result("number", 0.75, .exact)
    return map.finish()
  }
}
