/// The way back through columns: the same with the roles exchanged.
extension Derivation {
  mutating func reverse(
    _ columns: Columns, among operations: [Operation], of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let (input, output) = (columns.input, columns.output)
    if cotangents[output] != nil, isWanted(input, among: operations) {
      guard let held = try held(output, in: &program) else { return }
      let isShared = input.shape.rows != output.shape.rows
      // A row that samples share gets the cotangent of each sample.
      let name = delta(of: input).name + (isShared ? ".rows" : "")
      let shape = Shape.matrix(rows: output.shape.rows, columns: input.shape.columns)
      let sum = Tensor(name, shape, .temporary)
      let isSum = isSumOfColumns(sum, for: input, in: program)
      let target = isSum ? sum : unused(name, shape, in: program)
      try program.append(
        .columns(
          Columns(
            input: held, from: columns.to, count: columns.count, to: columns.from,
            accumulates: isSum, output: target)))
      if !isSum { add(BoundFormula(target.value, reading: [target]), to: input) }
    }
    // What was there before is another value, unless it was added to.
    if !columns.accumulates { cotangents[output] = nil }
  }

  /// True if columns were summed up in a tensor for an input's cotangent, and nothing has read it.
  private func isSumOfColumns(
    _ sum: Tensor, for input: Tensor, in program: ProgramBuilder
  ) -> Bool {
    cotangents[input]?.sources.contains(sum) == true
      && program.operations.allSatisfy { operation in
        if case .columns(let columns) = operation, columns.output == sum { return true }
        return !operation.reads.contains(sum) && !operation.writes.contains(sum)
      }
  }

  /// The cotangent of a matrix in a tensor of its own, or in one that holds just that.
  mutating func held(
    _ tensor: Tensor, in program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor? {
    guard let known = try value(of: tensor, in: &program) else { return nil }
    if let source = known.sources.first(where: {
      $0.value == known.formula && $0.shape == tensor.shape
    }) {
      return source
    }
    let target = unused(delta(of: tensor).name, tensor.shape, in: program)
    try program.append(.map(Map([.init(known.formula, into: target)], reading: known.sources)))
    cotangents[tensor] = Cotangent(formula: target.value, sources: [target])
    return target
  }
}
