import Compute

extension CaseTable {
  /// Sums over m rows into gradients of n by k weights, and into those of biases beside them.
  static func weightGradientCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (index, size) in (ProductSize.small + ProductSize.burda).enumerated() {
      cases.append(
        gradients(size, isScaled: index % 2 == 0, accumulates: index % 3 == 0, seed))
    }
    cases.append(gradients(ProductSize(1000, 200, 50), isScaled: true, accumulates: false, seed))
    for decay in [0, 0.25, 1] as [Float] {
      for (rows, outputs, inputs) in [(1, 1, 1), (40, 17, 31), (7, 16, 16), (1000, 33, 50)] {
        cases.append(decaying(rows, outputs, inputs, decay, seed))
      }
    }
    return cases
  }

  private static func gradients(
    _ size: ProductSize, isScaled: Bool, accumulates: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "gradient(\(size.text),scaled=\(isScaled),accumulates=\(accumulates))", seed: seed)
    let delta = build.input("delta", .matrix(rows: size.m, columns: size.n))
    let input = build.input("input", .matrix(rows: size.m, columns: size.k))
    let scale = isScaled ? build.input("scale", .vector(size.m)) : nil
    let weight = build.parameter("weight", .matrix(rows: size.n, columns: size.k))
    let bias = build.parameter("bias", .vector(size.n))
    let (toWeight, toBias) = (weight.counterpart(.gradient), bias.counterpart(.gradient))
    if accumulates {
      build.set(toWeight, build.inputs.normals(toWeight.shape.count))
      build.set(toBias, build.inputs.normals(toBias.shape.count))
    }
    build.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: scale, accumulates: accumulates,
          gradient: toWeight)))
    build.append(
      .weightGradient(
        WeightGradient(
          delta: delta, rowScale: scale, accumulates: accumulates, gradient: toBias)))
    // The terms are of size one and have either sign.
    let termSize = Double(size.m).squareRoot()
    build.check(toWeight, .sums(of: size.m), termSize: termSize)
    build.check(toBias, .sums(of: size.m), termSize: termSize)
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
      .weightGradient(
        WeightGradient(
          delta: delta, rowScale: scale, accumulates: true, decay: factor, gradient: bias)))
    for tensor in [weight, bias] {
      build.check(tensor, .sums(of: rows), termSize: Double(rows).squareRoot())
    }
    return build.build()
  }
}
