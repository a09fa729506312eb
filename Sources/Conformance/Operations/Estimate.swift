import Compute
import IWAE

extension CaseTable {
  func estimateCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (name, rule) in Self.rules {
      for (groups, samples) in [(1, 1), (1, 2), (3, 5), (1, 50), (8, 8), (2, 17)] {
        cases.append(estimate(name, rule, images: 3, groups: groups, samples: samples, .usual))
      }
      for spread in Spread.allCases where spread != .usual {
        cases.append(estimate(name, rule, images: 3, groups: 2, samples: 25, spread))
      }
    }
    let group = CoefficientRule(.group, linear: 0.5)
    let leaving = EstimatorRule(
      bound: BoundRule(.group), decoder: group, path: CoefficientRule(), score: -group,
      leaveOneOut: 0.5)
    for samples in [2, 5, 16, 17, 50] {
      cases.append(estimate("leaveOneOut", leaving, images: 3, groups: 2, samples: samples, .usual))
    }
    for spread in [Spread.equal, .impossible, .partlyInfinite, .infinite, .notNumbers] {
      cases.append(estimate("leaveOneOut", leaving, images: 3, groups: 2, samples: 25, spread))
    }
    for sum in [
      RiemannSum(intervals: 1), RiemannSum(side: .right),
      RiemannSum(intervals: 30, first: 1e-4, side: .left),
    ] {
      let thermodynamic = Objective.tvo(sum).rule(groups: 2, samples: 25)
      let name = "riemann,\(sum.side.rawValue),\(sum.intervals)"
      for spread in Spread.allCases {
        cases.append(estimate(name, thermodynamic, images: 3, groups: 2, samples: 25, spread))
      }
      cases.append(estimate(name, thermodynamic, images: 3, groups: 1, samples: 50, .usual))
    }
    cases.append(estimate("all", Self.rules[1].rule, images: 20, groups: 1, samples: 50, .usual))
    for spread in [Spread.usual, .partlyImpossible] {
      for (groups, samples) in [(1, 100_000), (10, 10_000)] {
        cases.append(
          estimate("all", Self.rules[1].rule, images: 2, groups: groups, samples: samples, spread))
      }
    }
    return cases
  }

  private func estimate(
    _ name: String, _ rule: EstimatorRule, images: Int, groups: Int, samples: Int,
    _ spread: Spread
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
