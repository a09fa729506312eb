import Compute

/// A Gaussian without correlations for each image, `(images, latent)`.
struct ImageGaussians: Sendable {
  var centers: [Float] = []
  var scales: [Float] = []

  /// That of one image.
  func part(_ image: Int, of count: Int) -> ImageGaussians {
    let width = centers.count / count
    let own = image * width..<(image + 1) * width
    return ImageGaussians(centers: Array(centers[own]), scales: Array(scales[own]))
  }

  /// Adds further images.
  mutating func append(_ other: ImageGaussians) {
    centers += other.centers
    scales += other.scales
  }
}

/// The moments of the positions of each image's chains, at several times.
struct PositionMoments {
  private let chains: Int
  /// By layer.
  private let widths: [Int]
  private var sums: [[Double]]
  private var squares: [[Double]]
  private var counts: [Int]

  init(_ tensors: AnnealingTensors, chains: Int) {
    self.chains = chains
    widths = tensors.layers.map(\.momentum.shape.columns)
    sums = tensors.layers.map { Array(repeating: 0, count: $0.center.shape.count) }
    squares = sums
    counts = widths.map { _ in 0 }
  }

  /// Adds the positions of all chains.
  mutating func add(_ positions: [Float], layer: Int) {
    let width = widths[layer]
    for row in 0..<positions.count / width {
      let first = row / chains * width
      for unit in 0..<width {
        let value = Double(positions[row * width + unit])
        sums[layer][first + unit] += value
        squares[layer][first + unit] += value * value
      }
    }
    counts[layer] += chains
  }

  /// Those with the moments, a little wider: chains that start too near to each other are worse.
  var gaussians: [ImageGaussians] {
    sums.indices.map { layer in
      let count = Double(max(counts[layer], 1))
      var result = ImageGaussians()
      for (sum, square) in zip(sums[layer], squares[layer]) {
        let mean = sum / count
        let deviation = max(square / count - mean * mean, 1e-8).squareRoot()
        result.centers.append(Float(mean))
        result.scales.append(Float(1.1 * deviation))
      }
      return result
    }
  }
}

extension Generator {
  /// The Gaussians that the encoder says for images, one for each layer: its own where that is one, else
  /// the one with the moments of some draws.
  func gaussians(
    of images: [[Float]], labels: [Int]?, seed: UInt64, draws: Int = 64
  ) throws -> [ImageGaussians] {
    let lowest = model.encoder[0].posterior
    let isGaussian = lowest.family == "gaussian"
    var result: [ImageGaussians] = []
    if isGaussian {
      let heads = try encode(images, labels: labels, seed: nil).heads[0]
      result.append(
        .init(centers: heads[0], scales: heads[1].map { Float(exponential(Double($0))) }))
    }
    guard !isGaussian || model.encoder.count > 1 else { return result }
    let all = try encode(
      images.flatMap { [[Float]](repeating: $0, count: draws) },
      labels: labels.map { $0.flatMap { [Int](repeating: $0, count: draws) } }, seed: seed)
    for layer in result.count..<model.encoder.count {
      result.append(moments(all.latents[layer], model.encoder[layer].latent, draws))
    }
    return result
  }

  private func moments(_ values: [Float], _ width: Int, _ draws: Int) -> ImageGaussians {
    var result = ImageGaussians()
    for image in 0..<values.count / (width * draws) {
      for unit in 0..<width {
        let own = (0..<draws).map { Double(values[(image * draws + $0) * width + unit]) }
        let estimate = LogWeights.Estimate(own)
        let variance = (estimate.squaredError ?? 0) * Double(draws)
        result.centers.append(Float(estimate.mean))
        result.scales.append(Float(max(variance.squareRoot(), 1e-4)))
      }
    }
    return result
  }
}
