import Compute

extension CaseTable {
  /// Sums over rows into gradients of biases, with no weight's beside them.
  static func biasGradientCases(_ seed: UInt64) -> [ConformanceCase] {
    let sizes = [
      (1, 1), (2, 3), (7, 93), (16, 16), (17, 17), (25, 32), (51, 50), (64, 64), (65, 65),
      (127, 129), (300, 784), (1000, 33),
    ]
    return sizes.enumerated().flatMap { index, size in
      [
        biasGradient(rows: size.0, outputs: size.1, isScaled: index % 2 == 0, decay: nil, seed),
        biasGradient(
          rows: size.0, outputs: size.1, isScaled: index % 2 == 1,
          decay: [0, 0.25, 1][index % 3], seed),
      ]
    }
  }

  /// With a decay the sum is added to; what decays to nothing may be NaN.
  private static func biasGradient(
    rows: Int, outputs: Int, isScaled: Bool, decay: Float?, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "biasGradient(m=\(rows),n=\(outputs),scaled=\(isScaled),"
        + "decay=\(decay.map { "\($0)" } ?? "none"))", seed: seed)
    let delta = build.input("delta", .matrix(rows: rows, columns: outputs))
    let scale = isScaled ? build.input("scale", .vector(rows)) : nil
    let factor = decay.map { build.input("decay", .vector(1), [$0]) }
    let gradient: Tensor
    if decay == nil {
      gradient = build.parameter("bias", .vector(outputs)).counterpart(.gradient)
    } else {
      gradient = build.accumulator("bias", .vector(outputs), decay == 0)
    }
    build.append(
      .weightGradient(
        WeightGradient(
          delta: delta, rowScale: scale, accumulates: decay != nil, decay: factor,
          gradient: gradient)))
    build.check(gradient, .sums(of: rows), termSize: Double(rows).squareRoot())
    return build.build()
  }
}
