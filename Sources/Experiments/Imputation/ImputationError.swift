import IWAE

/// The error of imputed values against the known truth, beside that of each variable's mean over the
/// observed values, or its most frequent class among them.
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
    /// The root of the mean squared error; nil for classes, whose numbers are names.
    public var rmse: Double?
    /// The share that is right: of classes the likeliest one, of 0s and 1s what one half tells apart.
    /// Nil for other data.
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
  ///   - classes: The classes of a value; nil for numbers.
  /// - Returns: Nil where nothing can be compared.
  init?(_ imputed: ImputedImages, of images: ImageSet, truth: ImageSet, classes: Int?) {
    let isBinary = images.isBinary && truth.isBinary
    let kind: Comparison.Kind = classes != nil ? .classes : isBinary ? .bits : .numbers
    let values = classes == nil ? imputed.means : imputed.likeliestClasses
    let usual = classes.map { images.mostFrequent(ofClasses: $0) } ?? images.mean
    var (model, marginal) = (Comparison(kind: kind), Comparison(kind: kind))
    for index in 0..<images.count {
      let (pixels, known) = (images.pixels(of: index), truth.pixels(of: index))
      for column in pixels.indices where pixels[column].isNaN && !known[column].isNaN {
        let value = Double(known[column])
        model.add(Double(values[index * images.width + column]), truth: value)
        marginal.add(usual[column], truth: value)
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
    self.values = model.count
    isStandardized = images.standardization != nil
    (self.model, marginalMean) = (model.measures, marginal.measures)
    heldOutLogLikelihood = heldOut.reduce(0, +) / Double(heldOut.count)
  }

  /// The sums of a comparison, value by value.
  private struct Comparison {
    enum Kind { case bits, classes, numbers }

    let kind: Kind
    private(set) var count = 0
    private var squares = 0.0
    private var right = 0
    /// The 1s that were found, those that there are, and those that are both.
    private var (found, there, hits) = (0, 0, 0)

    init(kind: Kind) { self.kind = kind }

    mutating func add(_ value: Double, truth: Double) {
      count += 1
      squares += (value - truth) * (value - truth)
      let (isOne, shouldBe) = (value >= 0.5, truth >= 0.5)
      if kind == .classes ? value == truth : isOne == shouldBe { right += 1 }
      if isOne { found += 1 }
      if shouldBe { there += 1 }
      if isOne && shouldBe { hits += 1 }
    }

    var measures: Measures {
      let f1 = found + there > 0 ? 2 * Double(hits) / Double(found + there) : nil
      return Measures(
        rmse: kind == .classes ? nil : (squares / Double(count)).squareRoot(),
        accuracy: kind == .numbers ? nil : Double(right) / Double(count),
        f1: kind == .bits ? f1 : nil)
    }
  }
}

extension ImageSet {
  /// The class that each variable has most often where it is known.
  fileprivate func mostFrequent(ofClasses classes: Int) -> [Double] {
    let frequencies = frequencies(ofClasses: classes)
    return (0..<width).map { column in
      let own = frequencies[column * classes..<(column + 1) * classes]
      return own.indices.max { own[$0] < own[$1] }.map { Double($0 - column * classes) } ?? 0
    }
  }
}
