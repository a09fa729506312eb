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
      own.begin(with: gradient, from: walk)
      try own.walk(priorRange, of: &program, gradients: [RowGradient(target: gradient.target)])
    }
  }

  /// Refuses samples through which no gradient goes.
  func checkPaths() throws(ProgramError) {
    if let problem = model.pathProblem {
      throw .invalid(operation: configuration.objective.name, problem: problem)
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
    let moves = latent.moved != nil
    func appendWeighed(_ walk: inout Derivation) throws(ProgramError) {
      for column in columns {
        var own = try weighed(layer, column, &walk)
        try own.walk(
          latent.network, of: &program, gradients: [RowGradient(target: column.forEncoder)])
      }
    }
    try walkTerm(latent, &walk)
    // What moves units is weighed from the sample on, what formulas draw from the heads on.
    if moves { try appendWeighed(&walk) }
    if !rule.path.isZero {
      try walk.walk(latent.own, of: &program)
      try walk.walk(
        latent.network, of: &program,
        gradients: hasScore || moves
          ? []
          : columns.compactMap { column in
            column.path.map { RowGradient(rowScale: $0, target: column.forEncoder) }
          })
    }
    if hasScore, !moves { try appendWeighed(&walk) }
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

  /// For each head of the lowest layer, the weight of every sample: `(R, outputs)`.
  mutating func appendLowestSamples(
    _ column: SampleCoefficients, _ walk: inout Derivation
  ) throws(ProgramError) -> [(head: Tensor, samples: Tensor)] {
    let latent = latents[0]
    if column == coefficients.first(where: \.weighsEncoder) {
      try walkTerm(latent, &walk)
      if !rule.path.isZero, latent.moved == nil { try walk.walk(latent.own, of: &program) }
    }
    var own = try weighed(0, column, &walk)
    var results: [(head: Tensor, samples: Tensor)] = []
    // Heads of one width share a map.
    var maps: [Int: (results: [Map.Result], sources: [Tensor])] = [:]
    for head in latent.heads {
      guard let weighed = try own.value(of: head, in: &program) else { continue }
      let columns = head.shape.columns
      let shape = Shape.matrix(rows: sampleRows, columns: columns)
      if let known = weighed.sources.first(where: {
        $0.value == weighed.formula && $0.shape == shape
      }) {
        results.append((head, known))
        continue
      }
      let samples = Tensor("\(head.name).\(column.suffix)samples", shape, .temporary)
      results.append((head, samples))
      maps[columns, default: ([], [])].results.append(.init(weighed.formula, into: samples))
      maps[columns]?.sources += weighed.sources
    }
    for (_, map) in maps.sorted(by: { $0.key < $1.key }) {
      try append(map.results, reading: map.sources)
    }
    return results
  }

  /// Walks back through a layer's share of the log-weights, which the prior's parameters are in.
  private mutating func walkTerm(
    _ latent: LatentLayer, _ walk: inout Derivation
  ) throws(ProgramError) {
    try walk.walk(
      latent.own.upperBound..<latent.own.upperBound + 1, of: &program, gradients: decoderGradients)
  }

  /// True if a layer's density is estimated by samples, so that it has a score.
  private func hasScore(_ layer: Int) -> Bool {
    !(configuration.objective.isClosedForm && layer == top)
  }

  /// The directions that a layer's heads ascend, sample by sample, as cotangents: through the sample by
  /// the path's coefficient, through the density by what is left of path and score.
  ///
  /// A move of units ascends its own on the way, by the derivative of log q as a function of the
  /// noise, which has a part through the sample: that is taken away from the sample's.
  private mutating func weighed(
    _ layer: Int, _ column: SampleCoefficients, _ walk: inout Derivation
  ) throws(ProgramError) -> Derivation {
    let latent = latents[layer]
    var own = Derivation(suffix: ".\(column.suffix)own", leaves: Set(latent.heads))
    let weight = Control.Value.klWeight.formula
    let density = hasScore(layer) ? column.density : nil
    let coefficients = [column.path, column.score].compactMap(\.self)
    func add(_ formula: Formula, _ others: [Tensor], to tensor: Tensor) {
      own.add(BoundFormula(formula, reading: coefficients + others), to: tensor)
    }
    for tensor in latent.moved == nil ? latent.heads : [latent.sample] {
      if let path = column.path, let unit = try walk.value(of: tensor, in: &program) {
        add(path.value * unit.formula, unit.sources, to: tensor)
      }
    }
    guard let moved = latent.moved else {
      for (name, head) in zip(latent.posterior.heads, latent.heads) {
        guard let density else { continue }
        let score = try bind(latent) { posterior throws(FormulaError) in
          try posterior.score(by: name)
        }
        add(density * (weight * score.formula), score.sources, to: head)
      }
      return own
    }
    if let density, let slope = try slope(layer) {
      add(-(density * (weight * slope.value)), [slope], to: latent.sample)
    }
    if let score = density == nil ? column.path.map({ -$0.value }) : column.score?.value {
      for (name, head) in zip(latent.posterior.unitHeads, latent.heads) {
        let total = try bind(latent) { posterior throws(FormulaError) in
          try posterior.logDensityAtSample.derivative(by: name)
        }
        add(score * (weight * total.formula), total.sources, to: head)
      }
      for spread in moved.spreads { add(-(score * weight), [], to: spread) }
    }
    try own.walk(
      latent.own, of: &program,
      gradients: holdsMoves ? [] : [RowGradient(target: column.forEncoder)])
    return own
  }

  /// The derivative of log q by a moved sample, parameters held. It is the same for every column.
  private mutating func slope(_ layer: Int) throws(ProgramError) -> Tensor? {
    let latent = latents[layer]
    if latent.slope == nil, let appendSlope = latent.moved?.slope {
      let ofUnits = try bind(latent) { posterior throws(FormulaError) in try posterior.slope() }
      latents[layer].slope = try appendSlope(ofUnits, &program)
    }
    return latents[layer].slope
  }

  /// A formula that a posterior derives, over a layer's tensors.
  private func bind(
    _ latent: LatentLayer, _ derive: (Posterior) throws(FormulaError) -> Formula
  ) throws(ProgramError) -> BoundFormula {
    do throws(FormulaError) {
      return latent.bind(try derive(latent.posterior))
    } catch {
      throw .invalid(operation: "posterior '\(latent.posterior)'", problem: "\(error)")
    }
  }
}
