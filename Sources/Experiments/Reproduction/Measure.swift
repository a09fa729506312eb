/// A quantity of a row, ours beside the paper's.
public struct Measure: Encodable {
  /// NLL, and so on.
  public var name: String
  /// Ours: the mean over seeds; nil where nothing was finished.
  public var ours: Double?
  /// The standard deviation over seeds; nil for one seed.
  public var spread: Double?
  /// Over images.
  public var standardError: Double?
  public var published: Published?
  /// Ours minus the paper's.
  public var difference: Double?
  /// The part of a difference that training with other seeds explains, and testing on other images
  /// where only some were tested; nil where nothing is known of it.
  public var allowed: Double?
  /// True if the difference is allowed.
  public var isInside: Bool?

  /// - Parameters:
  ///   - name: The name of the quantity.
  ///   - statistics: Ours over seeds; nil where there is none yet.
  ///   - standardError: Of ours over images; nil where it is not known.
  ///   - published: The paper's; nil where it has none.
  ///   - isPartial: True if only part of the paper's test images were tested.
  public init(
    _ name: String, _ statistics: SeedStatistics?, standardError: Double?, published: Published?,
    isPartial: Bool
  ) {
    self.name = name
    (ours, spread) = (statistics?.mean, statistics?.spread)
    self.standardError = standardError
    self.published = published
    guard let ours, let published else { return }
    let difference = ours - published.value
    self.difference = difference
    if published.isOfOtherModel { return }
    var errors = [spread, published.spread].compactMap(\.self)
    // Both numbers are of the same images, unless some were left out. Where no spread is known, the
    // error over images is all that there is to compare with.
    if isPartial || errors.isEmpty {
      guard let standardError else { return }
      errors.append(standardError)
    }
    let allowed = 2 * errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
    self.allowed = allowed
    isInside = abs(difference) <= allowed
  }

  /// True if no spread is known, so that the standard error over images stands in.
  public var isWithoutSpread: Bool {
    isInside != nil && spread == nil && published?.spread == nil
  }
}
