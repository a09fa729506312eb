import Compute

extension CaseTable {
  func logSumExpCases() -> [ConformanceCase] {
    (RowSize.pixels + [RowSize(1, 2, 100_000)]).flatMap { size in
      [(0, 1), (-300, 20), (200, 60)].map { center, scale in
        logSumExp(size, "center=\(center),scale=\(scale)") { inputs in
          inputs.normals(size.shape.count, scale: Float(scale)).map { $0 + Float(center) }
        }
      }
        + [Float.nan, .infinity, -.infinity].map { extreme in
          logSumExp(size, "extreme=\(extreme)") { inputs in
            // The first row is all extremes, another one has a single one.
            var values = inputs.normals(size.shape.count)
            for column in 0..<size.shape.columns { values[column] = extreme }
            values[values.count - 1] = extreme
            return values
          }
        }
    }
  }

  private func logSumExp(
    _ size: RowSize, _ text: String, _ values: (inout CaseInputs) -> [Float]
  ) -> ConformanceCase {
    var build = CaseBuilder("logSumExp(\(size.text),\(text))", seed: seed)
    let numbers = values(&build.inputs)
    let largest = numbers.filter(\.isFinite).reduce(1) { max($0, abs($1)) }
    let output = build.output(
      "output", .vector(size.rows), .sums(of: size.shape.columns), termSize: Double(largest))
    build.append(
      .logSumExp(LogSumExp(input: build.input("input", size.shape, numbers), output: output)))
    return build.build()
  }
}
