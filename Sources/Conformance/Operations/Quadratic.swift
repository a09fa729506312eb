import Compute

extension CaseTable {
  func quadraticCases() -> [ConformanceCase] {
    ProductSize.small.map { quadratic($0, distance: 0, narrowness: 1) }
      + [(1, 20), (30, 100), (-5, 1000)].map {
        quadratic(ProductSize(21, 33, 18), distance: Float($0), narrowness: Float($1))
      }
  }

  /// Gaussians about as narrow as their inputs are close to them, at a distance from 0.
  private func quadratic(
    _ size: ProductSize, distance: Float, narrowness: Float
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "quadratic(\(size.text),distance=\(distance),narrowness=\(narrowness))", seed: seed)
    func near(_ name: String, _ rows: Int, _ columns: Int) -> Tensor {
      let shape = Shape.matrix(rows: rows, columns: columns)
      return build.input(
        name, shape, build.inputs.normals(shape.count, scale: 1 / narrowness, mean: distance))
    }
    let (input, center) = (near("input", size.m, size.k), near("center", size.k, size.n))
    let scale = build.input(
      "scale", center.shape, build.inputs.normals(center.shape.count, scale: narrowness))
    // A component of weight 0.
    let biases = build.inputs.normals(size.n - 1) + [-.infinity]
    build.append(
      .quadratic(
        Quadratic(
          input: input, center: center, scale: scale,
          bias: build.input("bias", .vector(size.n), biases),
          output: build.output(
            "output", .matrix(rows: size.m, columns: size.n), .sums(of: size.k), termSize: 1))))
    return build.build()
  }
}
