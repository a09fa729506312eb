/// The way back through products: deltas, weights' and biases' gradients.
extension Derivation {
  mutating func reverse(
    _ product: Multiply, before index: Int?, of program: inout ProgramBuilder,
    _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard cotangents[product.output] != nil else { return }
    try program.expect(
      !product.transposed && product.derivativeAt == nil && !product.accumulates,
      "a product that is itself a way back, or that adds to its output")
    if let index {
      let later = program.operations[(index + 1)...]
      for tensor in [product.input, product.output] {
        try program.expect(
          !later.contains { $0.writes.contains(tensor) },
          "a product whose '\(tensor.name)' is replaced afterwards")
      }
    }
    guard let delta = try delta(of: product, before: index, of: &program) else { return }
    for gradient in gradients {
      try appendGradient(delta, product.input, into: product.weight, gradient, of: &program)
      if let bias = product.bias {
        try appendGradient(delta, into: bias, gradient, of: &program)
      }
    }
    cotangents[product.input, default: Cotangent()].products.append(
      .init(delta: delta, weight: product.weight))
  }

  /// Sums the rows of a delta, times those of a weight's input, into a parameter's gradient.
  func appendGradient(
    _ delta: Tensor, _ input: Tensor? = nil, into parameter: Tensor, _ gradient: RowGradient,
    of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let target = gradient.target
    let tensor = target.tensor(of: parameter)
    try program.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: gradient.rowScale,
          accumulates: target.accumulates || program.writes(tensor),
          decay: program.writes(tensor) ? nil : target.decay, gradient: tensor)))
  }

  /// The cotangent of what a layer computes before its activation; nil if nothing depends on it.
  mutating func delta(
    of product: Multiply, before index: Int?, of program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor? {
    guard let cotangent = cotangents[product.output] else { return nil }
    if cotangent.products.isEmpty, let formula = cotangent.formula {
      let slope = product.activation.slope(at: product.output.value)
      if slope == nil, let stored = stored(cotangent, product.output) { return stored }
      let whole = slope.map { formula * $0 } ?? formula
      let bound = BoundFormula(whole, reading: cotangent.sources + [product.output])
      let delta = try materialize(product.output, bound, before: index, of: &program)
      if slope == nil {
        cotangents[product.output] = Cotangent(formula: delta.value, sources: [delta])
      }
      return delta
    }
    let target = stored(cotangent, product.output) ?? delta(of: product.output)
    try store(product.output, into: target, through: product.activation, of: &program)
    return target
  }

  func append(
    _ products: [Cotangent.Product], to target: Tensor, accumulates: Bool,
    through activation: Activation, at output: Tensor, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    for (position, product) in products.enumerated() {
      let isLast = position == products.count - 1
      let ends = isLast && activation != .identity
      try program.append(
        .multiply(
          Multiply(
            input: product.delta, weight: product.weight, transposed: true,
            activation: ends ? activation : .identity, derivativeAt: ends ? output : nil,
            accumulates: accumulates || position > 0, output: target)))
    }
  }

  /// Computes a cotangent that is a formula. Others that are as ready come along, for they mostly
  /// share parts.
  private mutating func materialize(
    _ tensor: Tensor, _ bound: BoundFormula, before index: Int?, of program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    var results = [Map.Result(bound.formula, into: delta(of: tensor))]
    var sources = bound.sources
    if let index {
      for other in companions(of: tensor, before: index, in: program) {
        guard let cotangent = cotangents[other], let formula = cotangent.formula else { continue }
        results.append(.init(formula, into: delta(of: other)))
        sources += cotangent.sources
        cotangents[other] = Cotangent(
          formula: delta(of: other).value, sources: [delta(of: other)])
      }
    }
    try program.append(.map(Map(results, reading: sources)))
    return results[0].tensor
  }

  /// Other linear layers' outputs whose cotangents are complete, and formulas that wait.
  private func companions(
    of tensor: Tensor, before index: Int, in program: ProgramBuilder
  ) -> [Tensor] {
    program.operations[..<index].compactMap { operation in
      guard case .multiply(let product) = operation, product.activation == .identity,
        product.output.shape == tensor.shape, let cotangent = cotangents[product.output],
        cotangent.products.isEmpty, cotangent.formula != nil,
        stored(cotangent, product.output) == nil,
        !program.operations[..<index].contains(where: { $0.reads.contains(product.output) })
      else { return nil }
      return product.output
    }
  }
}

extension Activation {
  /// The derivative in terms of the activation's own output; nil for the identity.
  func slope(at y: Formula) -> Formula? {
    switch self {
    case .identity: nil
    case .tanh: 1 - y * y
    case .relu: Formula.where(Formula.less(0, y), 1, 0)
    case .softplus: -Formula.expm1(-y)
    case .logistic: y * (1 - y)
    }
  }
}
