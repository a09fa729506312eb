import Compute

extension CaseTable {
  func columnsCases() -> [ConformanceCase] {
    // Ends of chunks, within them and across them; all columns, and one.
    let places: [(from: Int, count: Int, to: Int, inputs: Int, outputs: Int)] = [
      (0, 1, 0, 1, 1), (0, 3, 0, 3, 5), (2, 3, 0, 5, 3), (0, 16, 16, 16, 32), (16, 16, 0, 33, 17),
      (1, 15, 1, 16, 16), (15, 2, 14, 17, 17), (7, 31, 20, 64, 65), (0, 10, 784, 10, 794),
      (784, 10, 0, 794, 10), (0, 50, 0, 50, 60), (63, 1, 64, 64, 65),
    ]
    var cases: [ConformanceCase] = []
    for (from, count, to, inputs, outputs) in places {
      for (images, samples) in [(1, 1), (3, 5), (26, 1)] {
        for accumulates in [false, true] {
          let sizes = "from=\(from),count=\(count),to=\(to),columns=\(inputs)-\(outputs)"
          var build = CaseBuilder(
            "columns(\(sizes),images=\(images),k=\(samples),accumulates=\(accumulates))",
            seed: seed)
          let input = build.input("input", .matrix(rows: images, columns: inputs))
          let output = columnsOutput(
            &build, .matrix(rows: images * samples, columns: outputs), accumulates)
          build.append(
            .columns(
              Columns(
                input: input, from: from, count: count, to: to, accumulates: accumulates,
                output: output)))
          cases.append(build.build())
        }
      }
    }
    return cases + [besideEachOther(), notNumbers()]
  }

  /// The tensor that is accumulated into is a state that holds something; else NaN, which must not matter.
  private func columnsOutput(
    _ build: inout CaseBuilder, _ shape: Shape, _ accumulates: Bool
  ) -> Tensor {
    let output = build.state(
      "output", shape,
      accumulates
        ? build.inputs.normals(shape.count) : Array(repeating: .nan, count: shape.count))
    build.check(output, .exact)
    return output
  }

  /// Two matrices side by side, as a network's input and a label are, and a layer that reads both.
  private func besideEachOther() -> ConformanceCase {
    var build = CaseBuilder("columns(beside each other)", seed: seed)
    let (rows, first, second) = (12, 17, 10)
    let left = build.input("left", .matrix(rows: rows, columns: first))
    let right = build.input("right", .matrix(rows: rows / 4, columns: second))
    let both = Tensor("both", .matrix(rows: rows, columns: first + second), .temporary)
    let weight = build.parameter("weight", .matrix(rows: 19, columns: first + second), scale: 0.2)
    let output = build.output(
      "output", .matrix(rows: rows, columns: 19), .sums(of: first + second))
    build.append(.columns(Columns(input: left, output: both)))
    build.append(.columns(Columns(input: right, to: first, accumulates: true, output: both)))
    build.append(.multiply(Multiply(input: both, weight: weight, output: output)))
    return build.build()
  }

  /// Values that are infinite or no numbers stay in their columns.
  private func notNumbers() -> ConformanceCase {
    var build = CaseBuilder("columns(not numbers)", seed: seed)
    let values: [Float] = [.nan, 1, .infinity, -.infinity, 2, .nan]
    let input = build.input("input", .matrix(rows: 2, columns: 3), values)
    let output = build.output("output", .matrix(rows: 4, columns: 18), .exact)
    build.append(.columns(Columns(input: input, from: 1, count: 2, to: 15, output: output)))
    return build.build()
  }
}
