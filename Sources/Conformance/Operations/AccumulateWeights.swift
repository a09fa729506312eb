import Compute

extension CaseTable {
  func accumulateWeightsCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for spread in Spread.allCases where spread != .notNumbers {
      for samples in [1, 2, 5, 50, 333] {
        cases.append(accumulate(images: 3, samples: samples, temperature: 1, spread))
      }
      cases.append(accumulate(images: 2, samples: 17, temperature: 0.4, spread))
    }
    for spread in [Spread.usual, .partlyInfinite, .infinite] {
      cases.append(accumulate(images: 2, samples: 17, temperature: -1.5, spread))
    }
    // Earlier maxima below, among and above a chunk's log-weights of -90 give or take 3.
    for temperature in [1, 0.4, -1.5] as [Float] {
      for samples in [1, 5, 333] {
        cases.append(
          accumulate(
            images: 4, samples: samples, temperature: temperature,
            earlier: [-94, -91, -88, -84], runs: 1, .usual))
      }
    }
    // NaN stays, whatever comes after it.
    cases.append(accumulate(images: 2, samples: 5, temperature: 1, .notNumbers))
    cases.append(accumulate(images: 1, samples: 1000, temperature: 1, .usual))
    return cases
  }

  /// Two chunks: the same one twice, so that the first starts from nothing, or from earlier sums that
  /// are rescaled, and the second adds to sums of its own size.
  private func accumulate(
    images: Int, samples: Int, temperature: Float, earlier: [Float]? = nil, runs: Int = 2,
    _ spread: Spread
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
}
