import Compute

extension CaseTable {
  func normalizeCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (index, shape) in [Shape.matrix(rows: 17, columns: 31), .matrix(rows: 200, columns: 784)]
      .enumerated()
    {
      for sum in [0, 2.5] as [Float] {
        cases.append(normalize(shape, .accumulator, sum: sum, degree: 1 + index))
        cases.append(normalize(shape, .state, sum: sum, degree: 2 - index))
      }
    }
    cases.append(normalize(.vector(17), .accumulator, sum: 3, degree: 2))
    cases.append(normalize(.vector(5), .state, sum: 3, degree: 1))
    return cases
  }

  private func normalize(
    _ shape: Shape, _ role: Role, sum: Float, degree: Int
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "normalize(\(shape),\(role.rawValue),sum=\(sum),degree=\(degree))",
      seed: seed)
    let total = build.input("sum", .vector(1), [sum])
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
          input: input, sum: total, degree: degree, output: output)))
    build.check(output, .sums(of: 1), termSize: 1)
    return build.build()
  }
}
