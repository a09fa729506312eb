import Compute

extension CaseTable {
  /// Rules that between them use every scope, temperature and degree.
  static let rules: [(name: String, rule: EstimatorRule)] = {
    let mean = CoefficientRule(constant: 0.125)
    let all = CoefficientRule(.all, linear: 1)
    let group = CoefficientRule(.group, linear: 0.5)
    let squared = CoefficientRule(.group, square: 0.5)
    let mixed = CoefficientRule(.all, constant: 0.02, linear: 0.7, square: 0.3)
    let warm = CoefficientRule(.all, temperature: 0.6, linear: 0.4, square: 0.6)
    let hot = CoefficientRule(.group, temperature: -1.5, linear: 1)
    return [
      (
        "mean",
        EstimatorRule(bound: BoundRule(meanShare: 1), decoder: mean, path: mean, score: -mean)
      ),
      ("all", EstimatorRule(bound: BoundRule(), decoder: all, path: all, score: -all)),
      (
        "group", EstimatorRule(bound: BoundRule(.group), decoder: group, path: group, score: -group)
      ),
      (
        "partial",
        EstimatorRule(
          bound: BoundRule(), encoderBound: BoundRule(.group), decoder: all, path: squared,
          score: CoefficientRule())
      ),
      (
        "mixed",
        EstimatorRule(bound: BoundRule(meanShare: 0.3), decoder: mixed, path: mixed, score: -mixed)
      ),
      (
        "warm",
        EstimatorRule(
          bound: BoundRule(temperature: 0.6), decoder: CoefficientRule(temperature: 0.6, linear: 1),
          path: warm, score: CoefficientRule())
      ),
      (
        "tempered",
        EstimatorRule(
          bound: BoundRule(.all, temperature: 0.6),
          encoderBound: BoundRule(.group, temperature: -1.5),
          decoder: warm, path: hot, score: all)
      ),
    ]
  }()

  /// How the log-weights of a case are spread.
  enum Spread: String, CaseIterable {
    case usual, equal, far, partlyImpossible, impossible, notNumbers

    func values(images: Int, perImage: Int, _ inputs: inout CaseInputs) -> [Float] {
      let normals = inputs.normals(images * perImage, scale: 3, mean: -90)
      let uniforms = inputs.uniforms(images * perImage)
      return normals.indices.map { index in
        switch self {
        case .usual: normals[index]
        case .equal: -90.5
        case .far: 1e4 * (2 * uniforms[index] - 1).rounded(.awayFromZero) + normals[index]
        case .partlyImpossible: uniforms[index] < 0.4 ? -.infinity : normals[index]
        // The first image has no sample with any weight; the others have.
        case .impossible: index < perImage ? -.infinity : normals[index]
        case .notNumbers: index == 0 ? .nan : normals[index]
        }
      }
    }
  }

  static func estimatorCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (name, rule) in rules {
      for (groups, samples) in [(1, 1), (1, 2), (3, 5), (1, 50), (8, 8), (2, 17)] {
        cases.append(
          estimate(name, rule, images: 3, groups: groups, samples: samples, .usual, seed))
      }
      for spread in Spread.allCases where spread != .usual {
        cases.append(estimate(name, rule, images: 3, groups: 2, samples: 25, spread, seed))
      }
    }
    let group = CoefficientRule(.group, linear: 0.5)
    let leaving = EstimatorRule(
      bound: BoundRule(.group), decoder: group, path: CoefficientRule(), score: -group,
      leaveOneOut: 0.5)
    for samples in [2, 5, 16, 17, 50] {
      cases.append(
        estimate(
          "leaveOneOut", leaving, images: 3, groups: 2, samples: samples, .usual, seed))
    }
    for spread in [Spread.equal, .impossible, .notNumbers] {
      cases.append(
        estimate("leaveOneOut", leaving, images: 3, groups: 2, samples: 25, spread, seed))
    }
    cases.append(estimate("all", rules[1].rule, images: 20, groups: 1, samples: 50, .usual, seed))
    for count in [1, 2, 15, 16, 17, 63, 64, 65, 1000] {
      for accumulates in [false, true] {
        let sums = count % 5 == 0 ? 5 : 1
        var build = CaseBuilder(
          "sum(count=\(count),sums=\(sums),accumulates=\(accumulates))", seed: seed)
        let input = build.input("input", .vector(count))
        let output = build.output(
          "output", .vector(sums), .sums(of: count), termSize: Double(count).squareRoot())
        if accumulates { build.append(.sum(Sum(input: input, output: output))) }
        build.append(
          .sum(Sum(input: input, scale: 0.25, accumulates: accumulates, output: output)))
        cases.append(build.build())
      }
    }
    return cases
  }

  private static func estimate(
    _ name: String, _ rule: EstimatorRule, images: Int, groups: Int, samples: Int,
    _ spread: Spread, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "estimate(\(name),images=\(images),m=\(groups),k=\(samples),\(spread.rawValue))", seed: seed)
    let perImage = groups * samples
    let shape = Shape.vector(images * perImage)
    let values = spread.values(images: images, perImage: perImage, &build.inputs)
    let limit = Tolerance.sums(of: perImage)
    build.append(
      .estimate(
        Estimate(
          logWeights: build.input("logWeights", shape, values), groups: groups, samples: samples,
          rule: rule, scale: 1 / Float(images),
          bounds: build.output("bounds", .vector(images), limit),
          encoderBounds: build.output("encoderBounds", .vector(images), limit),
          decoderCoefficients: build.output("decoder", shape, limit),
          pathCoefficients: build.output("path", shape, limit),
          // What a bound falls by is a difference of log-weights.
          scoreCoefficients: build.output(
            "score", shape, limit, termSize: rule.leaveOneOut == 0 ? 0 : 90))))
    return build.build()
  }
}
