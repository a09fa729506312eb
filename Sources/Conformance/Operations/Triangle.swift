import Compute

extension CaseTable {
  func triangleCases() -> [ConformanceCase] {
    let sizes = [
      RowSize(1, 1, 2), RowSize(3, 5, 3), RowSize(16, 1, 6), RowSize(17, 1, 16),
      RowSize(2, 17, 17), RowSize(3, 1, 33), RowSize(5, 50, 50), RowSize(40, 1, 50),
      RowSize(1, 2, 131),
    ]
    return sizes.flatMap { size in
      let isShared = size.samples > 1 ? [false, true] : [false]
      return isShared.flatMap {
        [product(size, isShared: $0), solve(size, isShared: $0), outer(size, isShared: $0)]
      }
    } + [notNumbersInTriangles()]
  }

  private func builder(_ form: String, _ size: RowSize, _ isShared: Bool) -> CaseBuilder {
    CaseBuilder("triangle(\(form),\(size.text),shared=\(isShared))", seed: seed)
  }

  /// Rows of a triangle whose sums stay about one in size.
  private func lower(_ build: inout CaseBuilder, _ size: RowSize, _ isShared: Bool) -> Tensor {
    build.input(
      "lower",
      .matrix(
        rows: isShared ? size.images : size.rows, columns: size.columns * (size.columns - 1) / 2),
      scale: 0.5 / Float(size.columns).squareRoot())
  }

  private func product(_ size: RowSize, isShared: Bool) -> ConformanceCase {
    var build = builder("product", size, isShared)
    let form = Triangle.Form.product(lower: lower(&build, size, isShared))
    let input = build.input("input", size.shape)
    let output = build.output("output", size.shape, .sums(of: size.columns))
    build.append(.triangle(Triangle(form, input: input, output: output)))
    return build.build()
  }

  private func solve(_ size: RowSize, isShared: Bool) -> ConformanceCase {
    var build = builder("solve", size, isShared)
    let shape = isShared ? size.sharedShape : size.shape
    let diagonal = build.inputs.uniforms(shape.count).map { $0 + 0.5 }
    let form = Triangle.Form.solve(
      lower: lower(&build, size, isShared), diagonal: build.input("diagonal", shape, diagonal))
    let input = build.input("input", size.shape)
    let output = build.output("output", size.shape, .sums(of: size.columns))
    build.append(.triangle(Triangle(form, input: input, output: output)))
    return build.build()
  }

  private func outer(_ size: RowSize, isShared: Bool) -> ConformanceCase {
    var build = builder("outer", size, isShared)
    let factor = build.input("factor", isShared ? size.sharedShape : size.shape)
    let input = build.input("input", size.shape)
    let output = build.output(
      "output",
      .matrix(rows: size.rows, columns: size.columns * (size.columns - 1) / 2), .sums(of: 1))
    build.append(.triangle(Triangle(.outer(factor: factor), input: input, output: output)))
    return build.build()
  }

  /// Values that are infinite or no numbers stay in their rows, and above the triangle's ends.
  private func notNumbersInTriangles() -> ConformanceCase {
    var build = CaseBuilder("triangle(not numbers)", seed: seed)
    let lower = build.input("lower", .matrix(rows: 3, columns: 3), [1, 2, .nan, 1, 2, 3, 4, 5, 6])
    let input = build.input(
      "input", .matrix(rows: 3, columns: 3), [1, 2, 3, 1, .infinity, 3, 4, 5, .nan])
    let output = build.output("output", .matrix(rows: 3, columns: 3), .exact)
    build.append(.triangle(Triangle(.product(lower: lower), input: input, output: output)))
    return build.build()
  }
}
