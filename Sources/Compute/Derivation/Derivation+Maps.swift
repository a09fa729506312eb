/// The way back through maps.
extension Derivation {
  mutating func reverse(
    _ map: Map, at position: Position, of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    var incoming: [(result: Map.Result, cotangent: Formula)] = []
    var sources = map.inputs
    for result in map.results {
      guard var known = try value(of: result.tensor, in: &program) else { continue }
      if known.sources.count > Self.mostSources, !result.tensor.shape.isVector,
        let stored = try held(result.tensor, in: &program)
      {
        known = BoundFormula(stored.value, reading: [stored])
      }
      // What replaces an operand starts anew before it.
      if map.inputs.contains(result.tensor) { cotangents[result.tensor] = nil }
      incoming.append((result, known.formula))
      sources += known.sources
    }
    guard !incoming.isEmpty else { return }
    for input in map.inputs
    where input.role == .parameter || isWanted(input, among: position.operations) {
      var total: Formula?
      for (result, cotangent) in incoming {
        let slope = try derivative(of: result, by: input)
        if slope.number == 0 { continue }
        try expectLasting(map.inputs, in: slope, from: position, of: program)
        total = total.map { $0 + cotangent * slope } ?? cotangent * slope
      }
      guard let total else { continue }
      let bound = BoundFormula(total, reading: sources)
      if input.role == .parameter {
        try settle(input, bound, map, at: position, of: &program, gradients)
      } else {
        try contribute(bound, to: input, map, at: position, of: &program)
      }
    }
  }

  /// A cotangent of more tensors is computed before it goes on: along a chain of maps it would grow with
  /// each, beyond the operands that a map may have.
  private static let mostSources = 5

  /// Refuses a derivative that mentions what no longer holds what the map read.
  private func expectLasting(
    _ inputs: [Tensor], in formula: Formula, from position: Position,
    of program: ProgramBuilder
  ) throws(ProgramError) {
    let mentioned = mentioned(formula)
    for input in inputs where mentioned.contains(input.name) {
      try program.expect(
        !position.operations[position.index...].contains { $0.writes.contains(input) },
        "a map that is not linear in '\(input.name)', which is replaced afterwards")
    }
  }

  private func derivative(
    of result: Map.Result, by input: Tensor
  ) throws(ProgramError) -> Formula {
    do throws(FormulaError) {
      return try result.formula.derivative(by: input.name)
    } catch {
      throw .invalid(operation: "derivation", problem: "\(error)")
    }
  }

  /// True if anything is differentiated by a tensor: the program computes it from others, or it is a
  /// leaf.
  func isWanted(_ tensor: Tensor, among operations: [Operation]) -> Bool {
    leaves.contains(tensor)
      || operations.contains {
        switch $0 {
        case .map, .multiply, .columns, .classes, .logSumExp, .relay, .triangle, .quadratic:
          $0.writes.contains(tensor)
        default: false
        }
      }
  }

  /// Adds what a map contributes to the cotangent of an operand. What mentions the operand alone is
  /// worked out where it is needed, and so is what has more rows than the operand; what the map knows
  /// all of, the map computes.
  private mutating func contribute(
    _ bound: BoundFormula, to input: Tensor, _ map: Map, at position: Position,
    of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let isShared = !input.shape.isVector && input.shape.rows != map.rows
    let others = mentioned(bound.formula).subtracting([input.name])
    let delta = unused(delta(of: input).name, input.shape, in: program)
    if input.shape.isVector, !map.isOfVectors, input.shape.rows == map.rows {
      // A row's value meets every element of its row.
      try program.append(
        .map(Map([.init(sumOf: bound.formula, into: delta)], reading: bound.sources)))
      add(BoundFormula(delta.value, reading: [delta]), to: input)
      return
    }
    guard !input.shape.isVector, !isShared, !others.isEmpty,
      try amend(&program, position, with: .init(bound.formula, into: delta))
    else {
      try program.expect(
        !input.shape.isVector || map.isOfVectors,
        "a row's value '\(input.name)' in a formula over elements")
      add(bound, to: input)
      return
    }
    add(BoundFormula(delta.value, reading: [delta]), to: input)
  }

  /// The tensors that a formula mentions, by their names.
  private func mentioned(_ formula: Formula) -> Set<String> {
    formula.variables.subtracting(Control.Value.allCases.map(\.variable))
  }

  /// The gradient of a parameter that formulas mention.
  private mutating func settle(
    _ parameter: Tensor, _ bound: BoundFormula, _ map: Map, at position: Position,
    of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard !gradients.isEmpty, let rows = map.rows else { return }
    let isOfColumns = map.reading(of: parameter) == .columnValue
    let tensor = unused(
      delta(of: parameter).name, .matrix(rows: rows, columns: isOfColumns ? map.columns : 1),
      in: program)
    let result: Map.Result =
      isOfColumns ? .init(bound.formula, into: tensor) : .init(sumOf: bound.formula, into: tensor)
    if try !amend(&program, position, with: result) {
      try program.append(.map(Map([result], reading: bound.sources)))
    }
    for gradient in gradients {
      try appendGradient(result.tensor, into: parameter, gradient, of: &program)
    }
  }

  /// Lets a map compute something more; false if it lacks what that needs.
  private func amend(
    _ program: inout ProgramBuilder, _ position: Position, with result: Map.Result
  ) throws(ProgramError) -> Bool {
    let names = mentioned(result.formula)
    guard position.isOwn, case .map(let map) = program.operations[position.index],
      !map.isOfVectors, names.isSubset(of: map.inputs.map(\.name)),
      // The map must read what is meant.
      !program.operations[position.index...].contains(where: { operation in
        operation.writes.contains { names.contains($0.name) }
      }), !map.results.contains(where: { $0.tensor == result.tensor }),
      map.operands.count < Map.maximumOperands
    else { return false }
    try program.amend(position.index, .map(Map(map.results + [result], reading: map.inputs)))
    return true
  }
}
