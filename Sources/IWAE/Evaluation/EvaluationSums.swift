import Compute

/// Running sums over images.
struct EvaluationSums {
  private var logLikelihoods: [Double] = []
  private var effective: [Double] = []
  private var likelihood = 0.0
  private var divergence = 0.0
  /// Of log p(x|h) of a sample; nil where none was told.
  private var variance: Double?
  /// For each layer and unit, Welford's mean and sum of squared deviations over images.
  private var means: [[Double]]
  private var deviations: [[Double]]

  init(layers: [Int]) {
    means = layers.map { Array(repeating: 0, count: $0) }
    deviations = means
  }

  mutating func add(
    maximum: Double, sum: Double, squares: Double, likelihood: Double, logWeight: Double,
    samples: Double
  ) {
    logLikelihoods.append(maximum + naturalLogarithm(sum / samples))
    effective.append(squares > 0 ? sum * sum / squares : 0)
    self.likelihood += likelihood / samples
    divergence += likelihood / samples - logWeight / samples
  }

  /// Adds the variances of log p(x|h) of images, NaN where they are not known.
  mutating func add(variances: [Double]) { variance = variances.reduce(variance ?? 0, +) }

  /// Adds the posterior means of the images that are added next.
  mutating func add(means values: [Double], layer: Int) {
    let width = means[layer].count
    for image in 0..<values.count / width {
      let count = Double(logLikelihoods.count + image + 1)
      for unit in 0..<width {
        let value = values[image * width + unit]
        let before = value - means[layer][unit]
        means[layer][unit] += before / count
        deviations[layer][unit] += before * (value - means[layer][unit])
      }
    }
  }

  var evaluation: Evaluation {
    let count = Double(max(logLikelihoods.count, 1))
    return Evaluation(
      imageLogLikelihoods: logLikelihoods, effectiveSampleSizes: effective,
      reconstruction: likelihood / count,
      reconstructionVariance: variance.flatMap { $0.isNaN ? nil : $0 / count / count },
      divergence: divergence / count,
      unitVariances: deviations.map { layer in layer.map { $0 / count } })
  }
}

/// The numbers of a batch's images, as ranks hand them to each other.
struct BatchValues {
  let images: Int
  private var rest: ArraySlice<Float>

  init(_ values: [Float], images: Int) { (self.images, rest) = (images, values[...]) }

  /// So many numbers of each image.
  mutating func next(_ width: Int = 1) -> [Double] { next(of: width * images) }

  mutating func next(of count: Int) -> [Double] {
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count).map(Double.init)
  }
}
