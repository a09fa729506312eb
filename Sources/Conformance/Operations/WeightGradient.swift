import Compute

extension CaseTable {
  /// Sums over m rows into gradients of n by k weights, and into those of biases beside them.
  func weightGradientCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (index, size) in (ProductSize.small + ProductSize.burda).enumerated() {
      cases.append(
        gradients(
          size.m, size.n, size.k, isScaled: index % 2 == 0, accumulates: index % 3 == 0))
    }
    cases.append(gradients(1000, 200, 50))
    for decay in [0, 0.25, 1] as [Float] {
      for (rows, outputs, inputs) in [(1, 1, 1), (40, 17, 31), (7, 16, 16), (1000, 33, 50)] {
        cases.append(gradients(rows, outputs, inputs, decay: decay))
      }
    }
    // As many as every schedule takes at once.
    for (index, rows) in [2, 14, 250].enumerated() {
      cases.append(gradients(rows, 17, 31, isScaled: index % 2 == 0, leaves: 2))
      cases.append(gradients(rows, 50, 20, isScaled: index % 2 == 1, leaves: 2))
    }
    return cases
  }

  /// Gradients of biases, and of weights where there are inputs. With a decay they are added to; what
  /// decays to nothing may be NaN.
  func gradients(
    _ rows: Int, _ outputs: Int, _ inputs: Int? = nil, isScaled: Bool = true,
    accumulates: Bool = false, decay: Float? = nil, leaves: Int = 1
  ) -> ConformanceCase {
    let size = "m=\(rows),n=\(outputs)\(inputs.map { ",k=\($0)" } ?? "")"
    var build = CaseBuilder(
      "\(inputs == nil ? "biasGradient" : "gradient")(\(size),scaled=\(isScaled),"
        + "accumulates=\(accumulates),decay=\(decay.map { "\($0)" } ?? "none"),leaves=\(leaves))",
      seed: seed)
    func target(_ name: String, _ shape: Shape) -> Tensor {
      if let decay { return build.accumulator(name, shape, decay == 0) }
      let gradient = build.parameter(name, shape).counterpart(.gradient)
      if accumulates { build.set(gradient, build.inputs.normals(shape.count)) }
      return gradient
    }
    let delta = build.input("delta", .matrix(rows: rows, columns: outputs))
    let scale = isScaled ? build.input("scale", .vector(rows)) : nil
    let factor = decay.map { build.input("decay", .vector(1), [$0]) }
    let adds = accumulates || decay != nil
    var targets: [Tensor] = []
    if let inputs {
      targets.append(target("weight", .matrix(rows: outputs, columns: inputs)))
      build.append(
        .weightGradient(
          WeightGradient(
            delta: delta, input: build.input("input", .matrix(rows: rows, columns: inputs)),
            rowScale: scale, accumulates: adds, decay: factor, gradient: targets[0],
            leaves: leaves)))
    }
    let bias = target("bias", .vector(outputs))
    build.append(
      .weightGradient(
        WeightGradient(
          delta: delta, rowScale: scale, accumulates: adds, decay: factor, gradient: bias,
          leaves: leaves)))
    // The terms are of size one and have either sign.
    for tensor in targets + [bias] {
      build.check(tensor, .sums(of: rows), termSize: Double(rows).squareRoot())
    }
    return build.build()
  }
}
