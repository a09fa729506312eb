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

/// The moments of some draws for each image, which may come little by little.
struct DrawMoments {
  private let draws: Int
  private let width: Int
  private var sums: [Double]
  private var squares: [Double]
  private var count = 0

  /// - Parameters:
  ///   - images: The images.
  ///   - width: The numbers of a draw.
  ///   - draws: Those of each image that are added at a time.
  init(images: Int, width: Int, draws: Int) {
    (self.draws, self.width) = (draws, width)
    sums = Array(repeating: 0, count: images * width)
    squares = sums
  }

  /// Adds draws, which stand image by image.
  mutating func add(_ values: [Float]) {
    for row in 0..<values.count / width {
      let first = row / draws * width
      for unit in 0..<width {
        let value = Double(values[row * width + unit])
        sums[first + unit] += value
        squares[first + unit] += value * value
      }
    }
    count += draws
  }

  /// Those with the moments, so many times as wide.
  func gaussians(widening: Double = 1) -> ImageGaussians {
    let count = Double(max(count, 1))
    var result = ImageGaussians()
    for (sum, square) in zip(sums, squares) {
      let mean = sum / count
      let deviation = max(square / count - mean * mean, 1e-8).squareRoot()
      result.centers.append(Float(mean))
      result.scales.append(Float(widening * deviation))
    }
    return result
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
      var moments = DrawMoments(
        images: images.count, width: model.encoder[layer].latent, draws: draws)
      moments.add(all.latents[layer])
      result.append(moments.gaussians())
    }
    return result
  }
}
