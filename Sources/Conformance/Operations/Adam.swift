import Compute

extension CaseTable {
  func adamCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for convention in AdamConvention.allCases {
      for (rows, columns, weightDecay, averageDecay) in [
        (1, 1, 0, nil), (16, 16, 0, nil), (17, 31, 0, nil), (200, 50, 0, nil), (1, 1, 3, nil),
        (17, 31, 0.5, nil), (31, 48, 90, 0.9), (1, 1, 0, 0.5), (17, 31, 0, 0.999), (200, 50, 1, 0),
      ] as [(Int, Int, Double, Double?)] {
        cases.append(adamCase(convention, rows, columns, weightDecay, averageDecay))
      }
    }
    return cases
  }

  private func adamCase(
    _ convention: AdamConvention, _ rows: Int, _ columns: Int, _ weightDecay: Double,
    _ averageDecay: Double?
  ) -> ConformanceCase {
    let optimizer = Adam(convention, weightDecay: weightDecay, averageDecay: averageDecay)
    var name = "adam(\(convention),rows=\(rows),columns=\(columns)"
    if weightDecay != 0 { name += ",weightDecay=\(weightDecay)" }
    if let averageDecay { name += ",averageDecay=\(averageDecay)" }
    var build = CaseBuilder(name + ")", seed: seed)
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
      if averageDecay != nil {
        build.set(parameter.counterpart(.average), build.inputs.normals(count))
        build.check(parameter.counterpart(.average), .sums(of: 1), termSize: 1)
      }
    }
    convention.apply(to: &build.control, step: 4, rate: 0.01, optimizer: optimizer)
    build.append(.adam(optimizer))
    // Twice, so that the second follows the moments of the first.
    build.runs = 2
    return build.build()
  }
}
