/// The way back through products by rows that were worked out from parameters: what reaches such a
/// matrix is a sum over the rows that met it, and goes on from there with rows of its own.
extension Derivation {
  /// A sum over rows that a matrix, or the bias beside it, is to receive.
  struct Total {
    var gradient: RowGradient
    var factor: Tensor
    var tensor: Tensor
  }

  /// Begins a walk of its own through the operations from which such matrices were worked out, with
  /// what another walk has summed up for a gradient.
  public mutating func begin(
    with gradient: RowGradient, from walk: Derivation, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    for total in walk.totals where total.gradient == gradient {
      let delta = unused(delta(of: total.factor).name, total.factor.shape, in: program)
      try program.append(
        .relay(
          Relay(input: total.tensor, turns: !total.factor.shape.isVector, output: delta)))
      add(BoundFormula(delta.value, reading: [delta]), to: total.factor)
    }
  }

  mutating func reverse(
    byRows product: Multiply, before index: Int, of program: inout ProgramBuilder,
    _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard cotangents[product.output] != nil else { return }
    try program.expect(
      product.activation == .identity && product.derivativeAt == nil && !product.accumulates,
      "a product by rows that does more than multiply and add a bias")
    guard let delta = try delta(of: product, before: index, of: &program) else { return }
    for gradient in gradients {
      try sum(delta, product.input, for: product.weight, gradient, of: &program)
      if let bias = product.bias { try sum(delta, for: bias, gradient, of: &program) }
    }
    cotangents[product.input, default: Cotangent()].products.append(
      .init(delta: delta, weight: try turned(product.weight, of: &program)))
  }

  /// Sums the rows of a delta, times those of an input, for a matrix or a bias.
  private mutating func sum(
    _ delta: Tensor, _ input: Tensor? = nil, for factor: Tensor, _ gradient: RowGradient,
    of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let shape =
      factor.shape.isVector
      ? factor.shape : .matrix(rows: factor.shape.columns, columns: factor.shape.rows)
    let tensor = Tensor(
      "\(factor.name).total\(suffix).\(gradient.target.place.name)", shape, .total)
    let isFirst = !program.writes(tensor)
    try program.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: gradient.rowScale, accumulates: !isFirst,
          gradient: tensor)))
    if isFirst { totals.append(Total(gradient: gradient, factor: factor, tensor: tensor)) }
  }

  /// A matrix's transpose: what it was turned from, if it was.
  private func turned(
    _ matrix: Tensor, of program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    for case .relay(let relay) in program.operations
    where relay.output == matrix && relay.turns && relay.input.role == .temporary {
      return relay.input
    }
    let tensor = Tensor(
      "\(matrix.name).turned", .matrix(rows: matrix.shape.columns, columns: matrix.shape.rows),
      .temporary)
    if !program.writes(tensor) {
      try program.append(.relay(Relay(input: matrix, turns: true, output: tensor)))
    }
    return tensor
  }

  mutating func reverse(
    _ operation: LogSumExp, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    guard let cotangent = try value(of: operation.output, in: &program) else { return }
    let (input, output) = (operation.input, operation.output)
    let delta = unused(delta(of: input).name, input.shape, in: program)
    let share = Formula.exp(input.value - output.value)
    try program.append(
      .map(
        Map(
          [.init(cotangent.formula * share, into: delta)],
          reading: cotangent.sources + [input, output])))
    add(BoundFormula(delta.value, reading: [delta]), to: input)
  }

  mutating func reverse(
    _ relay: Relay, of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard let cotangent = try value(of: relay.output, in: &program) else { return }
    var delta = cotangent.sources.first {
      $0.value == cotangent.formula && $0.shape == relay.output.shape
    }
    if delta == nil {
      let tensor = unused(self.delta(of: relay.output).name, relay.output.shape, in: program)
      try program.append(
        .map(Map([.init(cotangent.formula, into: tensor)], reading: cotangent.sources)))
      delta = tensor
    }
    guard let delta else { return }
    guard relay.input.role == .parameter else {
      let back = unused(self.delta(of: relay.input).name, relay.input.shape, in: program)
      try program.append(.relay(Relay(input: delta, turns: relay.turns, output: back)))
      return add(BoundFormula(back.value, reading: [back]), to: relay.input)
    }
    for gradient in gradients {
      try program.expect(
        gradient.rowScale == nil, "a relay of '\(relay.input.name)' whose rows have coefficients")
      let target = gradient.target
      let tensor = target.tensor(of: relay.input)
      let isFirst = !program.writes(tensor)
      try program.append(
        .relay(
          Relay(
            input: delta, turns: relay.turns, accumulates: target.accumulates || !isFirst,
            decay: isFirst ? target.decay : nil, output: tensor)))
    }
  }
}
