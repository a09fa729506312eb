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
      let target = unused(
        delta(of: input).name + (isShared ? ".rows" : ""),
        .matrix(rows: output.shape.rows, columns: input.shape.columns), in: program)
      try program.append(
        .columns(
          Columns(
            input: held, from: columns.to, count: columns.count, to: columns.from,
            output: target)))
      add(BoundFormula(target.value, reading: [target]), to: input)
    }
    // What was there before is another value, unless it was added to.
    if !columns.accumulates { cotangents[output] = nil }
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
