import Compute

extension CaseTable {
  func drawCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (groups, samples, count) in [(1, 1, 1), (1, 50, 5), (2, 17, 3), (3, 5, 8), (1, 1000, 20)] {
      for (name, rule) in Self.rules where rule.obstacleToDrawing == nil {
        cases.append(draw(name, rule, groups: groups, samples: samples, count: count, .usual))
      }
    }
    for spread in [Spread.partlyImpossible, .impossible, .partlyInfinite, .infinite, .notNumbers] {
      cases.append(draw("all", Self.rules[1].rule, groups: 1, samples: 20, count: 4, spread))
    }
    // Weights that fall as the log-weights rise: those of infinite ones are 0.
    let falling = CoefficientRule(temperature: -1.5, linear: 1)
    let rule = EstimatorRule(
      bound: BoundRule(), decoder: falling, path: falling, score: -falling)
    for spread in [Spread.partlyInfinite, .infinite] {
      cases.append(draw("falling", rule, groups: 1, samples: 20, count: 4, spread))
    }
    return cases
  }

  private func draw(
    _ name: String, _ rule: EstimatorRule, groups: Int, samples: Int, count: Int,
    _ spread: Spread
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
}
