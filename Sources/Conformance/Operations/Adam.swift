import Compute

extension CaseTable {
  func adamCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for convention in AdamConvention.allCases {
      for (rows, columns, weightDecay) in [
        (1, 1, 0), (16, 16, 0), (17, 31, 0), (200, 50, 0), (1, 1, 3), (17, 31, 0.5), (31, 48, 90.0),
      ] {
        let optimizer = Adam(convention, weightDecay: weightDecay)
        let decay = weightDecay == 0 ? "" : ",weightDecay=\(weightDecay)"
        var build = CaseBuilder(
          "adam(\(convention),rows=\(rows),columns=\(columns)\(decay))", seed: seed)
        let weight = build.parameter("weight", .matrix(rows: rows, columns: columns))
        let bias = build.parameter("bias", .vector(rows))
        for parameter in [weight, bias] {
          let count = parameter.shape.count
          build.set(parameter.counterpart(.gradient), build.inputs.normals(count))
          build.set(parameter.counterpart(.firstMoment), build.inputs.normals(count))
          build.set(parameter.counterpart(.secondMoment), build.inputs.uniforms(count))
          build.check(parameter, .sums(of: 1), termSize: 1)
          build.check(parameter.counterpart(.firstMoment), .sums(of: 1), termSize: 1)
          build.check(parameter.counterpart(.secondMoment), .sums(of: 1))
        }
        convention.apply(to: &build.control, step: 4, rate: 0.01, optimizer: optimizer)
        build.append(.adam(optimizer))
        // Twice, so that the second follows the moments of the first.
        build.runs = 2
        cases.append(build.build())
      }
    }
    return cases
  }
}
