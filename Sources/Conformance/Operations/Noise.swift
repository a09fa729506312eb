import Compute

extension CaseTable {
  func noiseCases() -> [ConformanceCase] {
    let kinds: [(Noise.Distribution, NoisePurpose, isDrawn: Bool)] = [
      (.normal, .latent(layer: 0), false), (.normal, .latent(layer: 1), true),
      (.normal, .latent(layer: 239), false), (.uniform, .acceptance, false),
      (.uniform, .latent(layer: 1), true),
    ]
    let sizes = RowSize.latents + [RowSize(2, 3, 784)]
    return sizes.flatMap { size in
      kinds.map { noise($0, $1, isDrawn: $2, size) }
    }
  }

  private func noise(
    _ distribution: Noise.Distribution, _ purpose: NoisePurpose, isDrawn: Bool, _ size: RowSize
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "noise(\(distribution),\(purpose),\(size.text),drawn=\(isDrawn))", seed: seed)
    let drawn =
      isDrawn ? build.words("drawn", (0..<size.rows).map { UInt32($0 * 7 % 5) }) : nil
    build.append(
      .noise(
        Noise(
          distribution, purpose: purpose, indices: build.imageIndices(size.images), drawn: drawn,
          output: build.output("output", size.shape, .exact))))
    return build.build()
  }
}
