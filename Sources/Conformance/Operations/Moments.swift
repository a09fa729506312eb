import Compute

extension CaseTable {
  func momentsCases() -> [ConformanceCase] {
    ProductSize.small.flatMap { size in
      [false, true].map { moments(size, hasScale: $0, distance: 0, spread: 1) }
    } + [moments(ProductSize(21, 33, 18), hasScale: true, distance: 30, spread: 0.01)]
  }

  /// Rows about as close to their centers as the spread, at a distance from 0.
  private func moments(
    _ size: ProductSize, hasScale: Bool, distance: Float, spread: Float
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "moments(\(size.text),scale=\(hasScale),distance=\(distance),spread=\(spread))", seed: seed)
    func near(_ name: String, _ rows: Int) -> Tensor {
      let shape = Shape.matrix(rows: rows, columns: size.k)
      return build.input(
        name, shape, build.inputs.normals(shape.count, scale: spread, mean: distance))
    }
    let (input, center) = (near("input", size.m), near("center", size.n))
    let tolerance = Tolerance.sums(of: size.m)
    // Each sum is about as large as one of its terms, or larger.
    build.append(
      .moments(
        Moments(
          weight: build.input("weight", .matrix(rows: size.m, columns: size.n)), input: input,
          rowScale: hasScale ? build.input("scale", .vector(size.m)) : nil, center: center,
          count: build.output("count", .vector(size.n), tolerance, termSize: 1),
          first: build.output("first", center.shape, tolerance, termSize: Double(spread)),
          second: build.output(
            "second", center.shape, tolerance, termSize: Double(spread * spread)))))
    return build.build()
  }
}
