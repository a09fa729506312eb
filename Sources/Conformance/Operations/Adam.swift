import Compute

extension CaseTable {
  func adamCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for convention in AdamConvention.allCases {
      for (rows, columns) in [(1, 1), (16, 16), (17, 31), (200, 50)] {
        let optimizer = Adam(convention)
        var build = CaseBuilder(
          "adam(\(convention),rows=\(rows),columns=\(columns))", seed: seed)
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
