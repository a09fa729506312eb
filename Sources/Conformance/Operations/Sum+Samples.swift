import Compute

extension CaseTable {
  func sumSamplesCases() -> [ConformanceCase] {
    var cases = (RowSize.latents + [RowSize(2, 100_000, 3)]).map { sumSamples($0) }
    for decay in [0, 0.25, 1] as [Float] {
      for (images, samples, columns) in [(1, 40, 17), (3, 5, 16), (2, 1, 1)] {
        cases.append(sumSamples(RowSize(images, samples, columns), decay: decay))
      }
    }
    return cases
  }

  /// With a decay they are added to; what decays to nothing may be NaN.
  private func sumSamples(_ size: RowSize, decay: Float? = nil) -> ConformanceCase {
    var build = CaseBuilder(
      "sumSamples(\(size.text)\(decay.map { ",decay=\($0)" } ?? ""))", seed: seed)
    let scale: Float = decay == nil ? 0.3 : 1
    let termSize = Double(scale) * Double(size.samples).squareRoot()
    var output = Tensor("output", size.sharedShape, .output)
    if let decay {
      let count = size.sharedShape.count
      output = build.state(
        "output", size.sharedShape,
        decay == 0 ? Array(repeating: .nan, count: count) : build.inputs.normals(count))
    }
    build.check(output, .sums(of: size.samples), termSize: termSize)
    let factors = decay.map { decay in
      // The first row decays as asked; the others less and less.
      build.input(
        "decay", .vector(size.images),
        (0..<size.images).map { decay == 0 ? 0 : decay + Float($0) * 0.1 })
    }
    build.append(
      .sum(
        Sum(
          input: build.input("input", size.shape), scale: scale, accumulates: decay != nil,
          decay: factors, output: output)))
    return build.build()
  }
}
