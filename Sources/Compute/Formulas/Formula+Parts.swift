extension Formula {
  /// Computes a result for every distinct part from the results of its operands; returns the
  /// whole formula's.
  func fold<Result, Failure: Error>(
    _ combine: (Formula, [Result]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let parts = FormulaSteps([self], commuting: false)
    var results: [Result] = []
    for (part, step) in zip(parts.formulas, parts.steps) {
      results.append(try combine(part, step.operands.map { results[$0] }))
    }
    return results[parts.results[0]]
  }

  /// The number of distinct nodes.
  public var nodeCount: Int { FormulaSteps([self], commuting: false).steps.count }

  /// The names of the variables that occur.
  public var variables: Set<String> {
    FormulaSteps([self]).steps.reduce(into: []) { names, step in
      if case .variable(let name) = step.operation { names.insert(name) }
    }
  }

  /// This formula with formulas in the place of variables; other variables stay.
  public func substituting(_ values: [String: Formula]) -> Formula {
    fold { part, operands in
      if case .variable(let name) = part.operation { return values[name] ?? part }
      return part.with(operands)
    }
  }

  /// This formula with another one in the place of every part that equals `part`.
  public func replacing(_ part: Formula, with other: Formula) -> Formula {
    fold { $0 == part ? other : $0.with($1) }
  }

  /// This node over other operands; the node itself if they are the same.
  private func with(_ operands: [Formula]) -> Formula {
    let unchanged = zip(operands, self.operands).allSatisfy { $0.node === $1.node }
    return unchanged ? self : Formula(operation, operands)
  }

  /// The value where the variables have these values.
  ///
  /// - Precondition: Every variable has a value.
  public func evaluate(_ values: [String: Double]) -> Double {
    FormulaSteps([self]).evaluate(count: 1, values.mapValues { [$0] })[0][0]
  }
}
