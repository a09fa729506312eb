import IWAE

/// The error of imputed values against the known truth, beside that of each variable's mean over the
/// observed values.
public struct ImputationError: Encodable, Hashable, Sendable {
  /// The values compared: missing ones of which the truth is known.
  public var values: Int
  /// True if the columns are of standardized data: their errors are in deviations of each, so that
  /// columns of any units count alike.
  public var isStandardized: Bool
  public var model: Measures
  public var marginalMean: Measures
  /// log p of what an image lacks given what it has, the mean over the images compared, in nats: in
  /// the data's own units.
  public var heldOutLogLikelihood: Double

  public struct Measures: Encodable, Hashable, Sendable {
    /// The root of the mean squared error.
    public var rmse: Double
    /// The share that one half tells apart right; nil for other data than 0s and 1s.
    public var accuracy: Double?
    /// The harmonic mean of precision and recall of the 1s; nil for other data, and where neither
    /// has any.
    public var f1: Double?
  }
}

extension ImputationError {
  /// - Parameters:
  ///   - imputed: The images filled in, as the model sees them.
  ///   - images: The images as it sees them.
  ///   - truth: The truth in the same way.
  /// - Returns: Nil where nothing can be compared.
  init?(_ imputed: ImputedImages, of images: ImageSet, truth: ImageSet) {
    let isBinary = images.isBinary && truth.isBinary
    let mean = images.mean
    var (model, marginal) = (Comparison(), Comparison())
    for index in 0..<images.count {
      let (pixels, known) = (images.pixels(of: index), truth.pixels(of: index))
      for column in pixels.indices where pixels[column].isNaN && !known[column].isNaN {
        let value = Double(known[column])
        model.add(Double(imputed.means[index * images.width + column]), truth: value)
        marginal.add(mean[column], truth: value)
      }
    }
    // The density of values that vary more is lower.
    let heldOut = imputed.heldOut.enumerated().compactMap { index, value in
      let (pixels, known) = (images.pixels(of: index), truth.pixels(of: index))
      return value.map {
        $0 - (images.standardization?.logDeviation { pixels[$0].isNaN && !known[$0].isNaN } ?? 0)
      }
    }
    guard model.count > 0, !heldOut.isEmpty else { return nil }
    values = model.count
    isStandardized = images.standardization != nil
    self.model = model.measures(isBinary: isBinary)
    marginalMean = marginal.measures(isBinary: isBinary)
    heldOutLogLikelihood = heldOut.reduce(0, +) / Double(heldOut.count)
  }

  /// The sums of a comparison, value by value.
  private struct Comparison {
    var count = 0
    private var squares = 0.0
    /// 1s found where there are some and where not, and 1s not found.
    private var (hits, falseAlarms, misses) = (0, 0, 0)

    mutating func add(_ value: Double, truth: Double) {
      count += 1
      squares += (value - truth) * (value - truth)
      switch (value >= 0.5, truth >= 0.5) {
      case (true, true): hits += 1
      case (true, false): falseAlarms += 1
      case (false, true): misses += 1
      case (false, false): break
      }
    }

    func measures(isBinary: Bool) -> Measures {
      let errors = falseAlarms + misses
      let ones = 2 * hits + errors
      return Measures(
        rmse: (squares / Double(count)).squareRoot(),
        accuracy: isBinary ? 1 - Double(errors) / Double(count) : nil,
        f1: isBinary && ones > 0 ? 2 * Double(hits) / Double(ones) : nil)
    }
  }
}
