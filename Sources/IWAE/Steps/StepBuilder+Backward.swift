import Compute

extension StepBuilder {
  /// The way back from the log-weights: the decoder once, with unit coefficients, then the encoder
  /// from its topmost layer. Coefficients enter as row scales of the weights' gradients, and where
  /// the cotangents reach a layer that has a row for each image.
  mutating func appendBackward(from logWeights: Tensor) throws(ProgramError) {
    var walk = try beginBackward(from: logWeights)
    for layer in stride(from: top, to: 0, by: -1) { try appendUpper(layer, &walk) }
    for column in coefficients where column.weighsEncoder { try appendLowest(column, &walk) }
  }

  /// Walks back through the log-weights and the decoder.
  ///
  /// - Parameter leaves: The tensors to differentiate by that the program does not compute.
  mutating func beginBackward(
    from logWeights: Tensor, leaves: Set<Tensor> = []
  ) throws(ProgramError) -> Derivation {
    if coefficients.contains(where: { $0.path != nil }) { try checkPaths() }
    var walk = Derivation(leaves: leaves.union(latents.first?.heads ?? []))
    walk.add(BoundFormula(1, reading: []), to: logWeights)
    try walk.walk(
      decoderRange.lowerBound..<program.operations.count, of: &program,
      gradients: decoderGradients)
    try appendPrior(after: walk)
    return walk
  }

  /// Appends the gradients of the prior's parameters that come by way of rows worked out from them.
  private mutating func appendPrior(after walk: Derivation) throws(ProgramError) {
    for gradient in priorRange.isEmpty ? [] : decoderGradients {
      var own = Derivation(suffix: ".prior.\(gradient.target.place.name)")
      try own.begin(with: gradient, from: walk, of: &program)
      try own.walk(priorRange, of: &program, gradients: [RowGradient(target: gradient.target)])
    }
  }

  /// Refuses samples through which no gradient goes.
  func checkPaths() throws(ProgramError) {
    for latent in latents {
      if let obstacle = latent.posterior.obstacleToPath {
        throw .invalid(
          operation: configuration.objective.name,
          problem: "it needs a gradient through the sample, but \(obstacle). Use rws or vimco.")
      }
    }
  }

  private var decoderGradients: [RowGradient] {
    coefficients.compactMap { column in
      column.decoder.map { RowGradient(rowScale: $0, target: column.forDecoder) }
    }
  }

  /// An upper layer passes its unit cotangents on to the layer below. They serve its own weights
  /// too, scaled row by row, unless the score has a coefficient of its own: then there are more
  /// walks.
  mutating func appendUpper(_ layer: Int, _ walk: inout Derivation) throws(ProgramError) {
    let latent = latents[layer]
    let columns = coefficients.filter(\.weighsEncoder)
    let hasScore = hasScore(layer) && columns.contains { $0.score != nil }
    try walk.walk(own(of: latent), of: &program, gradients: decoderGradients)
    if !rule.path.isZero {
      try walk.walk(
        latent.network, of: &program,
        gradients: hasScore
          ? []
          : columns.compactMap { column in
            column.path.map { RowGradient(rowScale: $0, target: column.forEncoder) }
          })
    }
    guard hasScore else { return }
    for column in columns {
      var own = Derivation(suffix: ".\(column.suffix)own")
      for (position, head) in latent.heads.enumerated() {
        guard let weighed = try weighed(layer, position, column, &walk) else { continue }
        own.add(weighed, to: head)
      }
      try own.walk(
        latent.network, of: &program, gradients: [RowGradient(target: column.forEncoder)])
    }
  }

  /// The layer next to the data has one row an image, so what its samples weigh is summed over them.
  mutating func appendLowest(
    _ column: SampleCoefficients, _ walk: inout Derivation
  ) throws(ProgramError) {
    var own = Derivation(suffix: ".\(column.suffix)own")
    for (head, samples) in try appendLowestSamples(column, &walk) {
      let sum = own.delta(of: head)
      try program.append(.sum(Sum(input: samples, output: sum)))
      own.add(BoundFormula(sum.value, reading: [sum]), to: head)
    }
    let gradients = [RowGradient(target: column.forEncoder)]
    if let lowest {
      try own.walk(lowest, of: &program, gradients: gradients)
    } else {
      try own.walk(latents[0].network, of: &program, gradients: gradients)
    }
  }

  /// For each head of the lowest layer, what every sample weighs: `(R, latent)`.
  mutating func appendLowestSamples(
    _ column: SampleCoefficients, _ walk: inout Derivation
  ) throws(ProgramError) -> [(head: Tensor, samples: Tensor)] {
    let latent = latents[0]
    if column == coefficients.first(where: \.weighsEncoder) {
      try walk.walk(own(of: latent), of: &program, gradients: decoderGradients)
    }
    var results: [(head: Tensor, samples: Tensor)] = []
    var formulas: [BoundFormula] = []
    for (position, head) in latent.heads.enumerated() {
      guard let weighed = try weighed(0, position, column, &walk) else { continue }
      let samples = Tensor("\(head.name).\(column.suffix)samples", latent.sample.shape, .temporary)
      results.append((head, samples))
      formulas.append(weighed)
    }
    let sources = formulas.flatMap(\.sources)
    if !results.isEmpty {
      try append(
        zip(results, formulas).map { .init($1.formula, into: $0.samples) }, reading: sources)
    }
    return results
  }

  /// The layer's operations that are walked backwards: where nothing goes through the sample, its
  /// density alone, which the prior's parameters are in.
  private func own(of latent: LatentLayer) -> Range<Int> {
    rule.path.isZero ? latent.own.upperBound - 1..<latent.own.upperBound : latent.own
  }

  /// True if a layer's density is estimated by samples, so that it has a score.
  private func hasScore(_ layer: Int) -> Bool {
    !(configuration.objective.isClosedForm && layer == top)
  }

  /// The direction that a head ascends, sample by sample: through the sample by its coefficient,
  /// through the density by what is left of path and score.
  private mutating func weighed(
    _ layer: Int, _ position: Int, _ column: SampleCoefficients, _ walk: inout Derivation
  ) throws(ProgramError) -> BoundFormula? {
    let latent = latents[layer]
    var total: Formula?
    var sources = latent.tensors
    if let path = column.path, let unit = try walk.value(of: latent.heads[position], in: &program) {
      total = path.value * unit.formula
      sources += unit.sources + [path]
    }
    if hasScore(layer), let density = column.density {
      let score = try score(latent, latent.posterior.heads[position])
      let share = density * (Control.Value.klWeight.formula * score)
      total = total.map { $0 + share } ?? share
      sources += [column.path, column.score].compactMap(\.self)
    }
    return total.map { BoundFormula($0, reading: sources) }
  }

  private func score(_ latent: LatentLayer, _ head: String) throws(ProgramError) -> Formula {
    do throws(FormulaError) {
      return latent.bind(try latent.posterior.score(by: head))
    } catch {
      throw .invalid(operation: "posterior '\(latent.posterior)'", problem: "\(error)")
    }
  }
}
