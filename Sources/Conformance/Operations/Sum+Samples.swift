import Compute

extension CaseTable {
  static func sumSamplesCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases = RowSize.latents.map { sumSamples($0, seed) }
    for decay in [0, 0.25, 1] as [Float] {
      for (images, samples, columns) in [(1, 40, 17), (3, 5, 16), (2, 1, 1)] {
        cases.append(decayingSums(images, samples, columns, decay, seed))
      }
    }
    return cases
  }

  private static func decayingSums(
    _ images: Int, _ samples: Int, _ columns: Int, _ decay: Float, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "sumSamples(images=\(images),k=\(samples),columns=\(columns),decay=\(decay))", seed: seed)
    let shape = Shape.matrix(rows: images, columns: columns)
    let output = build.state(
      "output", shape,
      decay == 0 ? Array(repeating: .nan, count: shape.count) : build.inputs.normals(shape.count))
    // The first row decays as asked; the others less and less.
    let factors = (0..<images).map { decay == 0 ? 0 : decay + Float($0) * 0.1 }
    build.append(
      .sum(
        Sum(
          input: build.input("input", .matrix(rows: images * samples, columns: columns)),
          accumulates: true, decay: build.input("decay", .vector(images), factors),
          output: output)))
    build.check(output, .sums(of: samples), termSize: Double(samples).squareRoot())
    return build.build()
  }

  private static func sumSamples(_ size: RowSize, _ seed: UInt64) -> ConformanceCase {
    var build = CaseBuilder("sumSamples(\(size.text))", seed: seed)
    let input = build.input("input", size.shape)
    let output = build.output(
      "output", .matrix(rows: size.images, columns: size.columns), .sums(of: size.samples),
      termSize: 0.3 * Double(size.samples).squareRoot())
    build.append(.sum(Sum(input: input, scale: 0.3, output: output)))
    return build.build()
  }
}
