extension Grid {
  /// Why nothing can be run with it; nil if something can.
  public var problem: String? {
    guard runs <= Self.mostRuns else {
      return
        "expected at most \(Self.mostRuns) runs, found \(runs == .max ? "far more" : "\(runs)")."
    }
    let counts = 1...(1 << 20)
    guard sizes.allSatisfy({ counts.contains($0.groups) && counts.contains($0.samples) }) else {
      return "expected groups and samples of at least 1, and at most 2^20."
    }
    if seeds.isEmpty { return "expected a seed." }
    if let objective = objectives.first(where: \.isInCode) {
      return "the objective '\(objective)' is a function, which a sweep cannot keep in its file; "
        + "describe it as JSON."
    }
    for (index, objective) in objectives.enumerated()
    where objectives[..<index].contains(where: { $0.name == objective.name }) {
      return "two objectives are called '\(objective.name)'; give each a name of its own."
    }
    for axis in axes {
      do throws(ConfigurationError) {
        for value in axis.values { _ = try base.varied(axis.key, value) }
      } catch {
        return error.description
      }
    }
    let (settings, notes) = settings()
    if settings.isEmpty { return "no setting is left: \(notes.joined(separator: "; "))" }
    do throws(ConfigurationError) {
      for setting in settings { _ = try setting.training() }
    } catch {
      return error.description
    }
    return nil
  }

  /// The runs that a sweep can have.
  private static let mostRuns = 1 << 16

  /// The runs of all values with one another; the largest number where there are more than it.
  private var runs: Int {
    let lists =
      [objectives.count, estimators.count, betas.count, alphas.count, sizes.count, seeds.count]
      + axes.map(\.values.count)
    return lists.reduce(1) { product, count in
      let (result, overflow) = product.multipliedReportingOverflow(by: count)
      return overflow ? .max : result
    }
  }

  /// Why this grid cannot go on where another left off; nil if it only adds to it.
  public func problem(goingOnWith old: Grid) -> String? {
    // The same images may have moved: each cell knows its own.
    var before = old.base
    for setting in Setting.all where setting.isOfData { setting.copy(base, &before) }
    var problems = Differences.between(before.ofAnyData, base.ofAnyData)
    func compare<Value: Hashable>(_ name: String, _ axis: KeyPath<Grid, [Value]>) {
      let missing = Set(old[keyPath: axis]).subtracting(self[keyPath: axis])
      if !missing.isEmpty {
        let values = old[keyPath: axis].filter(missing.contains).map { "\($0)" }
        problems.append("\(name) \(values.joined(separator: ", ")) not asked for now")
      }
    }
    compare("objectives", \.objectives)
    compare("estimators", \.estimators)
    compare("groups and samples", \.sizes)
    compare("betas", \.betas)
    compare("alphas", \.alphas)
    compare("seeds", \.seeds)
    if axes.map(\.key) != old.axes.map(\.key) { problems.append("other settings are varied") }
    for (axis, before) in zip(axes, old.axes) {
      let missing = before.values.filter { !axis.values.contains($0) }
      if !missing.isEmpty {
        problems.append("\(axis.key) \(missing.joined(separator: ", ")) not asked for now")
      }
    }
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }
}
