extension Operation {
  /// Checks that operands fit together.
  func validate() throws(ProgramError) {
    try validateOperands()
    switch self {
    case .gather(let operation): try validate(operation)
    case .multiply(let operation): try validate(operation)
    case .weightGradient(let operation): try validate(operation)
    case .biasGradient(let operation): try validate(operation)
    case .reparameterize(let operation): try validate(operation)
    case .latentTerm(let operation): try validate(operation)
    case .bernoulli(let operation): try validate(operation)
    case .gaussian(let operation): try validate(operation)
    case .logWeight(let operation): try validate(operation)
    case .estimate(let operation): try validate(operation)
    case .draw(let operation): try validate(operation)
    case .latentGradient(let operation): try validate(operation)
    case .sumSamples(let operation): try validate(operation)
    case .accumulateWeights(let operation): try validate(operation)
    case .leapfrog(let operation): try validate(operation)
    case .accept(let operation): try validate(operation)
    case .select(let operation): try validate(operation)
    case .normalize(let operation): try validate(operation)
    case .logMean(let operation): try validate(operation)
    case .sum(let operation): try validate(operation)
    case .adam(let operation): try validate(operation)
    }
  }

  /// What holds for every operation: nothing is empty, inputs are not written, and words occur
  /// only where words belong.
  private func validateOperands() throws(ProgramError) {
    for tensor in reads + writes where tensor.shape.rows < 1 || tensor.shape.columns < 1 {
      throw .shapeMismatch(
        operation: kind, operand: tensor.name, expected: "at least one element",
        found: "\(tensor.shape)")
    }
    for tensor in writes {
      switch tensor.role {
      case .parameter, .resident, .input, .firstMoment, .secondMoment:
        throw .wrongRole(
          operation: kind, operand: tensor.name, expected: "writable by an operation",
          found: tensor.role)
      case .gradient, .accumulator, .state, .output, .temporary: break
      }
    }
    // An index vector holds words, a data set may hold bytes; all else is numbers.
    let exceptions: [Tensor] =
      switch self {
      case .gather(let operation): [operation.source, operation.order, operation.indices]
      case .reparameterize(let operation):
        [operation.indices] + [operation.drawn].compactMap(\.self)
      case .draw(let operation): [operation.indices, operation.drawn]
      case .accept(let operation): [operation.indices]
      default: []
      }
    for tensor in reads + writes where !exceptions.contains(tensor) {
      try expect(tensor, element: .float32)
    }
    // Parameters, gradients and resident data lie in ways of their own: only the operands that are
    // meant for them may be them.
    let slots: [Tensor] =
      switch self {
      case .gather(let operation): [operation.source, operation.order]
      case .multiply(let operation):
        [operation.weight] + [operation.bias].compactMap(\.self)
      case .weightGradient(let operation): [operation.gradient]
      case .biasGradient(let operation): [operation.gradient]
      case .normalize(let operation): [operation.input, operation.output]
      default: []
      }
    for tensor in reads + writes where !slots.contains(tensor) {
      switch tensor.role {
      case .input, .output, .temporary, .state: break
      case .parameter, .gradient, .firstMoment, .secondMoment, .accumulator, .resident:
        throw .wrongRole(
          operation: kind, operand: tensor.name, expected: "an input, output, state or temporary",
          found: tensor.role)
      }
    }
  }

  private func expect(_ tensor: Tensor, element: Element) throws(ProgramError) {
    guard tensor.element == element else {
      throw .wrongElement(
        operation: kind, operand: tensor.name, expected: element, found: tensor.element)
    }
  }

  private func expect(_ tensor: Tensor?, _ shape: Shape) throws(ProgramError) {
    guard let tensor, tensor.shape != shape else { return }
    throw .shapeMismatch(
      operation: kind, operand: tensor.name, expected: "\(shape)", found: "\(tensor.shape)")
  }

  private func expect(
    _ tensor: Tensor, _ role: Role, as expected: String
  ) throws(ProgramError) {
    guard tensor.role == role else {
      throw .wrongRole(
        operation: kind, operand: tensor.name, expected: expected, found: tensor.role)
    }
  }

  private func expectMatrix(_ tensor: Tensor) throws(ProgramError) {
    guard tensor.shape.isVector else { return }
    throw .shapeMismatch(
      operation: kind, operand: tensor.name, expected: "[rows, columns]", found: "\(tensor.shape)")
  }

  private func expectVector(_ tensor: Tensor) throws(ProgramError) {
    guard !tensor.shape.isVector else { return }
    throw .shapeMismatch(
      operation: kind, operand: tensor.name, expected: "[count]", found: "\(tensor.shape)")
  }

  /// Checks that `tensor` is a matrix of `columns` whose rows divide `rows` evenly.
  private func expect(
    _ tensor: Tensor, broadcastTo rows: Int, columns: Int
  ) throws(ProgramError) {
    guard !tensor.shape.isVector, tensor.shape.columns == columns, rows % tensor.shape.rows == 0
    else {
      throw .shapeMismatch(
        operation: kind, operand: tensor.name, expected: "[a divisor of \(rows), \(columns)]",
        found: "\(tensor.shape)")
    }
  }

  private func expect(_ condition: Bool, _ problem: String) throws(ProgramError) {
    guard condition else { throw .invalid(operation: kind, problem: problem) }
  }

  private func validate(_ operation: Gather) throws(ProgramError) {
    try expectMatrix(operation.source)
    try expect(operation.source, .resident, as: "resident")
    try expect(operation.order, .resident, as: "resident")
    try expect(
      operation.source.element != .uint32,
      "expected 'source' to hold uint8 or float32, found uint32.")
    try expect(operation.order, element: .uint32)
    try expect(operation.indices, element: .uint32)
    try expect(operation.order, .vector(operation.source.shape.rows))
    try expectMatrix(operation.batch)
    let columns = operation.source.shape.columns
    try expect(operation.batch, .matrix(rows: operation.batch.shape.rows, columns: columns))
    try expect(operation.indices, .vector(operation.batch.shape.rows))
    try expect(
      columns <= NoiseAddress.maximumColumns,
      "expected at most \(NoiseAddress.maximumColumns) columns, found \(columns).")
  }

  private func validate(_ operation: Multiply) throws(ProgramError) {
    try expectMatrix(operation.weight)
    try expect(operation.weight, .parameter, as: "a parameter")
    try expectMatrix(operation.input)
    let rows = operation.input.shape.rows
    let outputs = operation.weight.shape.rows
    let inputs = operation.weight.shape.columns
    let (from, to) = operation.transposed ? (outputs, inputs) : (inputs, outputs)
    try expect(operation.input, .matrix(rows: rows, columns: from))
    try expect(operation.output, .matrix(rows: rows, columns: to))
    try expect(operation.derivativeAt, operation.output.shape)
    if let bias = operation.bias {
      try expect(!operation.transposed, "a transposed layer has no bias.")
      try expect(bias, .parameter, as: "a parameter")
      try expect(bias, .vector(outputs))
    }
    try expect(operation.input != operation.output, "the output cannot replace the input.")
  }

  private func validate(_ operation: WeightGradient) throws(ProgramError) {
    try expectMatrix(operation.delta)
    try expectMatrix(operation.input)
    try expectGradient(operation.gradient)
    try validate(decay: operation.decay, accumulates: operation.accumulates, rows: 1)
    let rows = operation.delta.shape.rows
    try expect(operation.input, .matrix(rows: rows, columns: operation.input.shape.columns))
    try expect(
      operation.gradient,
      .matrix(rows: operation.delta.shape.columns, columns: operation.input.shape.columns))
    try expect(operation.rowScale, .vector(rows))
  }

  private func validate(_ operation: BiasGradient) throws(ProgramError) {
    try expectMatrix(operation.delta)
    try expectGradient(operation.gradient)
    try validate(decay: operation.decay, accumulates: operation.accumulates, rows: 1)
    try expect(operation.gradient, .vector(operation.delta.shape.columns))
    try expect(operation.rowScale, .vector(operation.delta.shape.rows))
  }

  private func expectGradient(_ tensor: Tensor) throws(ProgramError) {
    guard tensor.role != .accumulator else { return }
    try expect(tensor, .gradient, as: "a gradient or an accumulator")
  }

  /// Checks what multiplies a sum before it is added to.
  private func validate(decay: Tensor?, accumulates: Bool, rows: Int) throws(ProgramError) {
    try expect(decay, .vector(rows))
    try expect(decay == nil || accumulates, "only what accumulates can decay.")
  }

  private func validate(_ operation: Reparameterize) throws(ProgramError) {
    try expectMatrix(operation.sample)
    let rows = operation.sample.shape.rows
    let columns = operation.sample.shape.columns
    try expect(operation.mean, broadcastTo: rows, columns: columns)
    try expect(operation.logSigma, operation.mean.shape)
    try expect(operation.noise, operation.sample.shape)
    try expectVector(operation.indices)
    try expect(operation.indices, element: .uint32)
    if let drawn = operation.drawn {
      try expect(drawn, .vector(rows))
      try expect(drawn, element: .uint32)
    }
    let images = operation.indices.shape.count
    try expect(
      rows % images == 0, "expected the \(rows) samples to be divided among \(images) images.")
    if case .addressed(let layer) = operation.source {
      try expect(
        (0..<NoisePurpose.maximumLayers).contains(layer),
        "expected a layer from 0 to \(NoisePurpose.maximumLayers - 1), found \(layer).")
    }
    try expect(
      columns <= NoiseAddress.maximumColumns,
      "expected at most \(NoiseAddress.maximumColumns) columns, found \(columns).")
  }

  private func validate(_ operation: LatentTerm) throws(ProgramError) {
    try expectMatrix(operation.sample)
    let shape = operation.sample.shape
    try expect(operation.mean, broadcastTo: shape.rows, columns: shape.columns)
    try expect(operation.logSigma, operation.mean.shape)
    try expect(operation.noise, shape)
    try expect(operation.term, .vector(shape.rows))
  }

  private func validate(_ operation: Bernoulli) throws(ProgramError) {
    try expectMatrix(operation.logits)
    let shape = operation.logits.shape
    try expect(operation.target, broadcastTo: shape.rows, columns: shape.columns)
    try expect(operation.term, .vector(shape.rows))
    try expect(operation.delta, shape)
  }

  private func validate(_ operation: Gaussian) throws(ProgramError) {
    try expectMatrix(operation.mean)
    let shape = operation.mean.shape
    try expect(operation.logSigma, shape)
    try expect(operation.target, broadcastTo: shape.rows, columns: shape.columns)
    try expect(operation.term, .vector(shape.rows))
    try expect(operation.meanDelta, shape)
    try expect(operation.logSigmaDelta, shape)
    try expect(operation.targetDelta, shape)
    if operation.targetDelta != nil { try expect(operation.target, shape) }
  }

  private func validate(_ operation: LogWeight) throws(ProgramError) {
    let most = LogWeight.maximumTerms
    try expect(
      operation.likelihoods.count <= most && operation.annealed.count <= most,
      "expected at most \(most) terms of either kind.")
    try expectVector(operation.output)
    for term in operation.likelihoods + operation.annealed {
      try expect(term, operation.output.shape)
    }
  }

  private func validate(_ operation: Estimate) throws(ProgramError) {
    try expect(
      operation.groups >= 1 && operation.samples >= 1,
      "expected at least one group and one sample, found \(operation.groups) groups of "
        + "\(operation.samples).")
    try expectVector(operation.bounds)
    let images = operation.bounds.shape.count
    let weights = Shape.vector(images * operation.groups * operation.samples)
    try expect(operation.logWeights, weights)
    try expect(operation.encoderBounds, operation.bounds.shape)
    try expect(operation.decoderCoefficients, weights)
    try expect(operation.pathCoefficients, weights)
    try expect(operation.scoreCoefficients, weights)
    let temperatures = [
      operation.rule.bound.temperature, operation.rule.encoderBound.temperature,
      operation.rule.decoder.temperature, operation.rule.path.temperature,
      operation.rule.score.temperature,
    ]
    for temperature in temperatures { try validate(temperature: temperature) }
    try expect(
      operation.rule.leaveOneOut == 0 || operation.samples >= 2,
      "leaving one sample out needs at least two, found \(operation.samples).")
    // An image's log-weights are read again after its first coefficients are written.
    try expect(
      !writes.contains(operation.logWeights), "the coefficients cannot replace the log-weights.")
  }

  private func validate(_ operation: Draw) throws(ProgramError) {
    try expect(
      operation.groups >= 1 && operation.samples >= 1 && operation.count >= 1,
      "expected at least one group, sample and draw, found \(operation.groups), "
        + "\(operation.samples) and \(operation.count).")
    try expectVector(operation.indices)
    try expect(operation.indices, element: .uint32)
    try expect(operation.drawn, element: .uint32)
    let images = operation.indices.shape.count
    try expect(
      operation.logWeights, .vector(images * operation.groups * operation.samples))
    let draws = Shape.vector(images * operation.scopes * operation.count)
    for tensor in writes { try expect(tensor, draws) }
    try expect(Set(writes).count == writes.count, "every result needs a tensor of its own.")
    if let obstacle = operation.rule.obstacleToDrawing {
      throw .invalid(operation: kind, problem: "the rule does not allow it: \(obstacle).")
    }
    try validate(temperature: operation.rule.decoder.temperature)
  }

  private func validate(_ operation: LatentGradient) throws(ProgramError) {
    try expectMatrix(operation.sample)
    let shape = operation.sample.shape
    try expect(operation.mean, broadcastTo: shape.rows, columns: shape.columns)
    try expect(operation.logSigma, operation.mean.shape)
    for tensor in [operation.decoderGradient, operation.noise] + writes {
      try expect(tensor, shape)
    }
    try expect(operation.path, .vector(shape.rows))
    try expect(operation.score, .vector(shape.rows))
    try expect(
      operation.own == nil || operation.path != nil,
      "the layer's own deltas need the coefficients of the path.")
    try expect(
      operation.prior != .closedForm || operation.score == nil,
      "the closed form of the divergence has no score.")
    try expect(!writes.isEmpty, "expected 'flow' or 'own' to be written.")
  }

  private func validate(_ operation: SumSamples) throws(ProgramError) {
    try expectMatrix(operation.input)
    try expect(
      operation.output, broadcastTo: operation.input.shape.rows,
      columns: operation.input.shape.columns)
    try validate(
      decay: operation.decay, accumulates: operation.accumulates,
      rows: operation.output.shape.rows)
  }

  private func validate(_ operation: AccumulateWeights) throws(ProgramError) {
    try expectVector(operation.logWeights)
    try expectVector(operation.maximum)
    let images = operation.maximum.shape.count
    try expect(operation.sum, .vector(images))
    for tensor in [operation.squares, operation.decay, operation.squaredDecay] {
      try expect(tensor, .vector(images))
    }
    try validate(temperature: operation.temperature)
    let count = operation.logWeights.shape.count
    try expect(
      count % images == 0,
      "expected the \(count) log-weights to be divided among \(images) images.")
    let most = AccumulateWeights.maximumCoefficients
    try expect(
      operation.coefficients.count <= most,
      "expected at most \(most) columns of coefficients, found \(operation.coefficients.count).")
    for column in operation.coefficients {
      try expect(column.output, operation.logWeights.shape)
      try expect(
        [1, 2].contains(column.degree), "expected a degree of 1 or 2, found \(column.degree).")
    }
    try expect(
      Set(writes).count == writes.count && !writes.contains(operation.logWeights),
      "every result needs a tensor of its own.")
  }

  private func validate(_ operation: Leapfrog) throws(ProgramError) {
    try expectMatrix(operation.momentum)
    let shape = operation.momentum.shape
    try expect(operation.gradient, shape)
    try expect(operation.position, shape)
    try expectVector(operation.stepSizes)
    let images = operation.stepSizes.shape.count
    try expect(
      shape.rows % images == 0,
      "expected the \(shape.rows) samples to be divided among \(images) images.")
    try expect(
      Set([operation.momentum, operation.position, operation.gradient].compactMap(\.self)).count
        == (operation.position == nil ? 2 : 3),
      "the gradient, the momentum and the position need tensors of their own.")
  }

  private func validate(_ operation: Accept) throws(ProgramError) {
    try expectVector(operation.accepted)
    for end in [operation.before, operation.after] {
      try expect(end.density, operation.accepted.shape)
      try expect(end.momentumDensity, operation.accepted.shape)
    }
    try expectVector(operation.indices)
    try expect(operation.indices, element: .uint32)
    let (rows, images) = (operation.accepted.shape.count, operation.indices.shape.count)
    try expect(
      rows % images == 0, "expected the \(rows) samples to be divided among \(images) images.")
  }

  private func validate(_ operation: Select) throws(ProgramError) {
    try expectMatrix(operation.output)
    try expect(operation.input, operation.output.shape)
    try expect(operation.choice, .vector(operation.output.shape.rows))
    try expect(operation.input != operation.output, "the output cannot replace the input.")
  }

  private func validate(_ operation: Normalize) throws(ProgramError) {
    try expect(operation.output, operation.input.shape)
    try expect(operation.sum, .vector(1))
    try expect(
      [1, 2].contains(operation.degree), "expected a degree of 1 or 2, found \(operation.degree).")
    if operation.input.role == .accumulator || operation.output.role == .gradient {
      try expect(operation.input, .accumulator, as: "an accumulator")
      try expect(operation.output, .gradient, as: "a gradient")
    }
    for tensor in [operation.input, operation.output] {
      switch tensor.role {
      case .input, .output, .temporary, .state, .accumulator, .gradient: break
      case .parameter, .firstMoment, .secondMoment, .resident:
        throw .wrongRole(
          operation: kind, operand: tensor.name, expected: "a plain tensor or an accumulator",
          found: tensor.role)
      }
    }
  }

  private func validate(_ operation: LogMean) throws(ProgramError) {
    try expectVector(operation.output)
    try expect(operation.maximum, operation.output.shape)
    try expect(operation.sum, operation.output.shape)
    try expect(operation.count >= 1, "expected a count of at least 1, found \(operation.count).")
    try validate(temperature: operation.temperature)
  }

  private func validate(temperature: Float) throws(ProgramError) {
    try expect(
      abs(temperature) >= BoundRule.leastTemperature && temperature.isFinite,
      "expected temperatures of at least \(BoundRule.leastTemperature) either way, found "
        + "\(temperature): nearer to 0, the plain mean, single precision loses the bound. Use a mean "
        + "share of 1 instead.")
  }

  private func validate(_ operation: Sum) throws(ProgramError) {
    try expectVector(operation.input)
    try expectVector(operation.output)
    let (values, sums) = (operation.input.shape.count, operation.output.shape.count)
    try expect(
      values % sums == 0, "expected the \(values) values to be divided among \(sums) sums.")
  }

  private func validate(_ operation: Adam) throws(ProgramError) {
    try expect(
      operation.beta1 >= 0 && operation.beta1 < 1 && operation.beta2 >= 0 && operation.beta2 < 1,
      "expected beta1 and beta2 in [0, 1), found \(operation.beta1) and \(operation.beta2).")
    try expect(operation.epsilon > 0, "expected a positive epsilon, found \(operation.epsilon).")
  }
}
