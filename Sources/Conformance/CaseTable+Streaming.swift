import Compute

extension CaseTable {
  /// Sums over weights that arrive in chunks.
  static func streamingCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for spread in Spread.allCases where spread != .notNumbers {
      for samples in [1, 2, 5, 50, 333] {
        cases.append(accumulate(images: 3, samples: samples, temperature: 1, spread, seed))
      }
      cases.append(accumulate(images: 2, samples: 17, temperature: 0.4, spread, seed))
    }
    cases.append(accumulate(images: 2, samples: 17, temperature: -1.5, .usual, seed))
    // Earlier maxima below, among and above a chunk's log-weights of -90 give or take 3.
    for temperature in [1, 0.4, -1.5] as [Float] {
      for samples in [1, 5, 333] {
        cases.append(
          accumulate(
            images: 4, samples: samples, temperature: temperature,
            earlier: [-94, -91, -88, -84], runs: 1, .usual, seed))
      }
    }
    // NaN stays, whatever comes after it.
    cases.append(accumulate(images: 2, samples: 5, temperature: 1, .notNumbers, seed))
    cases.append(accumulate(images: 1, samples: 1000, temperature: 1, .usual, seed))
    for decay in [0, 0.25, 1] as [Float] {
      for (rows, outputs, inputs) in [(1, 1, 1), (40, 17, 31), (7, 16, 16), (1000, 33, 50)] {
        cases.append(decaying(rows, outputs, inputs, decay, seed))
      }
      for (images, samples, columns) in [(1, 40, 17), (3, 5, 16), (2, 1, 1)] {
        cases.append(decayingSums(images, samples, columns, decay, seed))
      }
    }
    for (index, shape) in [Shape.matrix(rows: 17, columns: 31), .matrix(rows: 200, columns: 784)]
      .enumerated()
    {
      for sum in [nil, 0, 2.5] as [Float?] {
        cases.append(normalize(shape, .accumulator, sum: sum, degree: 1 + index, seed))
        cases.append(normalize(shape, .state, sum: sum, degree: 2 - index, seed))
      }
    }
    cases.append(normalize(.vector(17), .accumulator, sum: 3, degree: 2, seed))
    cases.append(normalize(.vector(5), .state, sum: 3, degree: 1, seed))
    for (groups, samples, count) in [(1, 1, 1), (1, 50, 5), (2, 17, 3), (3, 5, 8), (1, 1000, 20)] {
      for (name, rule) in rules where rule.obstacleToDrawing == nil {
        cases.append(
          draw(name, rule, groups: groups, samples: samples, count: count, .usual, seed))
      }
    }
    for spread in [Spread.partlyImpossible, .impossible] {
      cases.append(draw("all", rules[1].rule, groups: 1, samples: 20, count: 4, spread, seed))
    }
    for images in [1, 3, 65] {
      cases.append(logMean(images: images, temperature: 1, accumulates: false, seed))
      cases.append(logMean(images: images, temperature: -1.5, accumulates: true, seed))
    }
    return cases
  }

  /// Two chunks: the same one twice, so that the first starts from nothing, or from earlier sums that
  /// are rescaled, and the second adds to sums of its own size.
  private static func accumulate(
    images: Int, samples: Int, temperature: Float, earlier: [Float]? = nil, runs: Int = 2,
    _ spread: Spread, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "accumulateWeights(images=\(images),k=\(samples),temperature=\(temperature),"
        + "\(earlier.map { "earlier=\($0)," } ?? "")runs=\(runs),\(spread.rawValue))", seed: seed)
    let values = spread.values(images: images, perImage: samples, &build.inputs)
    let limit = Tolerance.sums(of: 2 * samples)
    let shape = Shape.vector(images)
    let nothing: Float = temperature > 0 ? -.infinity : .infinity
    let maximum = build.state(
      "maximum", shape, earlier ?? Array(repeating: nothing, count: images))
    let before: Float = earlier == nil ? 0 : 1.75
    let sum = build.state("sum", shape, Array(repeating: before, count: images))
    let squares = build.state("squares", shape, Array(repeating: before, count: images))
    let weights = Shape.vector(images * samples)
    let chunk = build.input("logWeights", weights, values)
    build.append(
      .accumulateWeights(
        AccumulateWeights(
          logWeights: chunk, temperature: temperature, maximum: maximum, sum: sum,
          squares: squares, decay: build.output("decay", shape, limit),
          squaredDecay: build.output("squaredDecay", shape, limit),
          coefficients: [
            .init(degree: 1, factor: 1, output: build.output("linear", weights, limit)),
            .init(degree: 2, factor: -0.5, output: build.output("square", weights, limit)),
            .init(degree: 1, factor: 0, output: build.output("none", weights, limit)),
          ])))
    for tensor in [maximum, sum, squares] { build.check(tensor, limit) }
    build.runs = runs
    return build.build()
  }

  /// Gradients that decay before they are added to; what decays to nothing may be NaN.
  private static func decaying(
    _ rows: Int, _ outputs: Int, _ inputs: Int, _ decay: Float, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "gradient(m=\(rows),n=\(outputs),k=\(inputs),decay=\(decay))", seed: seed)
    let delta = build.input("delta", .matrix(rows: rows, columns: outputs))
    let input = build.input("input", .matrix(rows: rows, columns: inputs))
    let scale = build.input("scale", .vector(rows))
    let factor = build.input("decay", .vector(1), [decay])
    let weight = build.accumulator("weight", .matrix(rows: outputs, columns: inputs), decay == 0)
    let bias = build.accumulator("bias", .vector(outputs), decay == 0)
    build.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: scale, accumulates: true, decay: factor,
          gradient: weight)))
    build.append(
      .biasGradient(
        BiasGradient(
          delta: delta, rowScale: scale, accumulates: true, decay: factor, gradient: bias)))
    for tensor in [weight, bias] {
      build.check(tensor, .sums(of: rows), termSize: Double(rows).squareRoot())
    }
    return build.build()
  }

  private static func decayingSums(
    _ images: Int, _ samples: Int, _ columns: Int, _ decay: Float, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "sumSamples(images=\(images),k=\(samples),columns=\(columns),decay=\(decay))", seed: seed)
    let shape = Shape.matrix(rows: images, columns: columns)
    let output = build.state(
      "output", shape,
      decay == 0 ? Array(repeating: .nan, count: shape.count) : build.inputs.normals(shape.count))
    // The first row decays as asked; the others less and less.
    let factors = (0..<images).map { decay == 0 ? 0 : decay + Float($0) * 0.1 }
    build.append(
      .sumSamples(
        SumSamples(
          input: build.input("input", .matrix(rows: images * samples, columns: columns)),
          accumulates: true, decay: build.input("decay", .vector(images), factors),
          output: output)))
    build.check(output, .sums(of: samples), termSize: Double(samples).squareRoot())
    return build.build()
  }

  private static func normalize(
    _ shape: Shape, _ role: Role, sum: Float?, degree: Int, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "normalize(\(shape),\(role.rawValue),sum=\(sum.map { "\($0)" } ?? "none"),degree=\(degree))",
      seed: seed)
    let total = sum.map { build.input("sum", .vector(1), [$0]) }
    var (input, output): (Tensor, Tensor)
    if role == .accumulator {
      let parameter = build.parameter("parameter", shape)
      input = build.accumulator("input", shape, false)
      output = parameter.counterpart(.gradient)
      build.set(output, build.inputs.normals(shape.count))
    } else {
      input = build.state("input", shape, build.inputs.normals(shape.count))
      output = build.state("output", shape, build.inputs.normals(shape.count))
    }
    build.append(
      .normalize(
        Normalize(
          input: input, sum: total, degree: degree, scale: 0.7, accumulates: degree == 2,
          output: output)))
    build.check(output, .sums(of: 1), termSize: 1)
    return build.build()
  }

  private static func draw(
    _ name: String, _ rule: EstimatorRule, groups: Int, samples: Int, count: Int,
    _ spread: Spread, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "draw(\(name),m=\(groups),k=\(samples),draws=\(count),\(spread.rawValue))", seed: seed)
    let images = 3
    let scopes = rule.decoder.scope == .all ? 1 : groups
    let draws = Shape.vector(images * scopes * count)
    let limit = Tolerance.sums(of: groups * samples)
    let values = spread.values(images: images, perImage: groups * samples, &build.inputs)
    build.append(
      .draw(
        Draw(
          logWeights: build.input(
            "logWeights", .vector(images * groups * samples), values), groups: groups,
          samples: samples, count: count, indices: build.imageIndices(images), rule: rule,
          scale: 0.5, drawn: build.output("drawn", draws, .exact, element: .uint32),
          decoderCoefficients: build.output("decoder", draws, limit),
          pathCoefficients: build.output("path", draws, limit),
          scoreCoefficients: build.output("score", draws, limit))))
    return build.build()
  }

  private static func logMean(
    images: Int, temperature: Float, accumulates: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "logMean(images=\(images),temperature=\(temperature),accumulates=\(accumulates))",
      seed: seed)
    let shape = Shape.vector(images)
    let output = build.state("output", shape, build.inputs.normals(images))
    build.append(
      .logMean(
        LogMean(
          maximum: build.input("maximum", shape, scale: 90),
          sum: build.input("sum", shape, build.inputs.uniforms(images).map { 1 + 40 * $0 }),
          temperature: temperature, count: 50, scale: 0.25, accumulates: accumulates,
          output: output)))
    build.check(output, .sums(of: 2), termSize: 90)
    return build.build()
  }
}
