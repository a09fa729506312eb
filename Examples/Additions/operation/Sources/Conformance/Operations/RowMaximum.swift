import Compute

extension CaseTable {
  func rowMaximumCases() -> [ConformanceCase] {
    RowSize.pixels.flatMap { size in
      [false, true].map { hasNaN in
        var build = CaseBuilder("rowMaximum(\(size.text),nan=\(hasNaN))", seed: seed)
        var values = build.inputs.normals(size.shape.count).map { $0 - 10 }
        if hasNaN { values[size.shape.count - 1] = .nan }
        // No rounding takes part in a comparison.
        let output = build.output("output", .vector(size.rows), .exact)
        build.append(
          .rowMaximum(RowMaximum(input: build.input("input", size.shape, values), output: output)))
        return build.build()
      }
    }
  }
}
