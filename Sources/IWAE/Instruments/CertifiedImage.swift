import Compute

/// One image's log p(x), and how well it is known.
public struct CertifiedImage: Codable, Hashable, Sendable {
  public enum Method: String, Codable, Sendable {
    /// Samples of the encoder.
    case importance
    /// Chains that walk from the encoder's Gaussian to the posterior.
    case annealing
  }

  /// Of log p(x): the log of the mean weight, on average below it, and half of its variance, which is
  /// what it lies below.
  public var estimate: Double
  /// The standard error of that; nil where one weight says nothing of it.
  public var error: Double?
  public var method: Method
  /// The samples, or the chains.
  public var samples: Int
  /// Of annealing.
  public var temperatures: Int?
  /// The shape of the Pareto distribution that the largest weights of the encoder's samples follow; nil
  /// where they do not tell.
  public var shape: Double?

  /// - Parameters:
  ///   - weights: What it was estimated from.
  ///   - temperatures: Of annealing; nil for samples of the encoder.
  ///   - shape: The Pareto shape of the encoder's samples.
  public init(_ weights: LogWeights, temperatures: Int? = nil, shape: Double?) {
    let variance = Self.variance(weights.effectiveSampleSize, of: weights.count)
    estimate = weights.logMean + (variance ?? 0) / 2
    error = variance?.squareRoot()
    method = temperatures == nil ? .importance : .annealing
    samples = weights.count
    (self.temperatures, self.shape) = (temperatures, shape)
  }

  /// The variance of a mean weight over its square, which is that of its logarithm; nil where the weights
  /// do not tell it.
  private static func variance(_ effectiveSampleSize: Double, of samples: Int) -> Double? {
    let count = Double(samples)
    guard samples > 1, effectiveSampleSize.isFinite, effectiveSampleSize > 0 else { return nil }
    return max(0, (1 / effectiveSampleSize - 1 / count) * count / (count - 1))
  }

  /// What so many samples of the encoder say, of which the mean weight is known alone.
  ///
  /// - Parameters:
  ///   - logLikelihood: The logarithm of their mean weight.
  ///   - effectiveSampleSize: (sum w)^2 / sum w^2
  ///   - samples: Their number.
  ///   - shape: Their Pareto shape; nil where it is not known.
  public init(
    logLikelihood: Double, effectiveSampleSize: Double, samples: Int, shape: Double? = nil
  ) {
    estimate = logLikelihood
    error = Self.variance(effectiveSampleSize, of: samples)?.squareRoot()
    (method, self.samples, self.shape) = (.importance, samples, shape)
  }

  /// Above it the largest weights count for so much that their variance, which is the error, is not told
  /// by their samples: it would need a fourth moment, which there is below a quarter, and the shape is an
  /// estimate itself.
  public static let largestShape = 0.3

  /// As few samples tell no shape. Of more, those that tell none have many equal weights as their largest.
  private static let fewSamples = 100

  /// True if its error can be believed.
  public var hasError: Bool {
    guard estimate.isFinite, error != nil else { return false }
    return method == .annealing
      || shape.map { $0 < Self.largestShape } ?? (samples >= Self.fewSamples)
  }

  /// True if more was to be spent on it, and time was up.
  public var isCutShort = false
}

extension [CertifiedImage] {
  /// The mean log p(x), its error, and by how much estimates were raised on average, half of their
  /// variances: itself an estimate, and the same way for all. Nil where an image has no error.
  public var meanErrorAndBias: (mean: Double, error: Double, bias: Double)? {
    guard allSatisfy(\.hasError) else { return nil }
    let variance = reduce(0) { $0 + ($1.error ?? 0) * ($1.error ?? 0) }
    let images = Double(count)
    return (
      reduce(0) { $0 + $1.estimate } / images, variance.squareRoot() / images,
      variance / (2 * images)
    )
  }
}

extension Certifier.Settings {
  /// True if a certifier may find this of an image: a file may say anything.
  public func mayFind(_ image: CertifiedImage) -> Bool {
    let isAnnealed = image.method == .annealing
    let most = isAnnealed ? mostTransitions : max(mostSamples, samples + WeightSampler.chunk)
    guard (1...most).contains(image.samples), isAnnealed == (image.temperatures != nil),
      (1...mostTransitions).contains(image.temperatures ?? 1)
    else { return false }
    // An error is at most 1, but for rounding.
    return abs(image.estimate) <= Double(Float.greatestFiniteMagnitude)
      && (0...2).contains(image.error ?? 0) && (image.shape ?? 0).isFinite
  }
}
