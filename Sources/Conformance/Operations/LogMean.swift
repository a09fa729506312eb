import Compute

extension CaseTable {
  func logMeanCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for images in [1, 3, 65] {
      cases.append(logMean(images: images, temperature: 1, accumulates: false))
      cases.append(logMean(images: images, temperature: -1.5, accumulates: true))
    }
    return cases
  }

  private func logMean(images: Int, temperature: Float, accumulates: Bool) -> ConformanceCase {
    var build = CaseBuilder(
      "logMean(images=\(images),temperature=\(temperature),accumulates=\(accumulates))",
      seed: seed)
    let shape = Shape.vector(images)
    let output = build.state("output", shape, build.inputs.normals(images))
    build.append(
      .logMean(
        LogMean(
          maximum: build.input("maximum", shape, scale: 90),
          sum: build.input("sum", shape, build.inputs.uniforms(images).map { 1 + 40 * $0 }),
          temperature: temperature, count: 50, scale: 0.25, accumulates: accumulates,
          output: output)))
    build.check(output, .sums(of: 2), termSize: 90)
    return build.build()
  }
}
