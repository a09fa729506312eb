/// The distinct parts of some formulas, each after its operands.
///
/// No part is visited twice and nothing recurses, so sharing and depth cost nothing.
struct FormulaParts {
  private struct Key: Hashable {
    let operation: Formula.Operation
    let operands: [Int]
  }

  private(set) var formulas: [Formula] = []
  /// The positions of each part's operands.
  private(set) var operands: [[Int]] = []
  /// The positions of the formulas that were given.
  private(set) var results: [Int] = []
  private var positions: [Key: Int] = [:]
  private var visited: [ObjectIdentifier: Int] = [:]

  /// - Parameter commuting: If true, `a + b` and `b + a` are one part, and so are products.
  init(_ roots: [Formula], commuting: Bool = false) {
    // The roots outlive this call and keep every node, so an identifier stays a node's own.
    results = roots.map { place($0, commuting: commuting) }
  }

  private mutating func place(_ root: Formula, commuting: Bool) -> Int {
    var pending = [root]
    while let next = pending.last {
      let places = next.operands.map { visited[ObjectIdentifier($0.node)] }
      if places.contains(nil) {
        pending += zip(next.operands, places).filter { $0.1 == nil }.map(\.0).reversed()
        continue
      }
      pending.removeLast()
      let operands = places.compactMap(\.self)
      visited[ObjectIdentifier(next.node)] = position(next, operands, commuting: commuting)
    }
    return visited[ObjectIdentifier(root.node)]!
  }

  private mutating func position(_ formula: Formula, _ operands: [Int], commuting: Bool) -> Int {
    let ordered = commuting && formula.operation.commutes ? operands.sorted() : operands
    let key = Key(operation: formula.operation, operands: ordered)
    if let known = positions[key] { return known }
    positions[key] = formulas.count
    formulas.append(formula)
    self.operands.append(operands)
    return formulas.count - 1
  }
}

extension Formula.Operation {
  /// True if exchanging the two operands keeps the value, its rounding included.
  fileprivate var commutes: Bool { self == .add || self == .multiply }
}

extension Formula {
  /// Computes a result for every distinct part from the results of its operands; returns the
  /// whole formula's.
  func fold<Result, Failure: Error>(
    _ combine: (Formula, [Result]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let parts = FormulaParts([self])
    var results: [Result] = []
    for (part, operands) in zip(parts.formulas, parts.operands) {
      results.append(try combine(part, operands.map { results[$0] }))
    }
    return results[parts.results[0]]
  }

  /// The number of distinct nodes.
  public var nodeCount: Int { FormulaParts([self]).formulas.count }

  /// The names of the variables that occur.
  public var variables: Set<String> {
    var names: Set<String> = []
    for part in FormulaParts([self]).formulas {
      if case .variable(let name) = part.operation { names.insert(name) }
    }
    return names
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
    fold { part, operands in
      guard case .variable(let name) = part.operation else {
        return part.operation.value(of: operands)
      }
      guard let value = values[name] else {
        preconditionFailure("the variable '\(name)' has no value")
      }
      return value
    }
  }
}
