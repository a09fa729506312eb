import Foundation

/// How well log p(x) tells a model's images from others: a score of what is out of the ordinary.
public struct Separation: Codable, Hashable, Sendable {
  /// The other images.
  public var data: String
  public var images: Int
  public var nll: Double
  /// The area under the curve of right alarms over false ones: the chance that one of the others is less
  /// likely than one of the model's; 0.5 says nothing, and below it the others are more likely.
  public var auroc: Double
  @Nullable public var standardError: Double?
  /// A second model, and the same of log p(x) less its log p(x); nil where there is none.
  public var ratioTo: String?
  public var ratioAuroc: Double?
  public var ratioStandardError: Double?

  /// - Parameters:
  ///   - data: The name of the others.
  ///   - tested: log p(x) of the model's images.
  ///   - others: That of the others.
  public init(data: String, tested: [Double], others: [Double]) {
    (self.data, images) = (data, others.count)
    nll = -others.reduce(0, +) / Double(others.count)
    (auroc, standardError) = Self.area(tested, others)
  }

  /// Adds what the ratio to a second model tells.
  public mutating func add(ratioTo name: String, tested: [Double], others: [Double]) {
    ratioTo = name
    (ratioAuroc, ratioStandardError) = Self.area(tested, others)
  }

  /// The share of pairs of which the other is below the tested, ties by half, and its standard error, by the
  /// variance of each one's share over either side (DeLong et al. 1988).
  static func area(_ tested: [Double], _ others: [Double]) -> (Double, Double?) {
    let testedShares = shares(of: tested, above: others.sorted())
    let otherShares = shares(of: others, above: tested.sorted()).map { 1 - $0 }
    let area = testedShares.reduce(0, +) / Double(tested.count)
    guard tested.count > 1, others.count > 1 else { return (area, nil) }
    func variance(_ shares: [Double]) -> Double {
      let squares = shares.reduce(0) { $0 + ($1 - area) * ($1 - area) }
      return squares / Double(shares.count - 1) / Double(shares.count)
    }
    return (area, (variance(testedShares) + variance(otherShares)).squareRoot())
  }

  /// For each value, the share of sorted ones that it is above, those that it equals by half.
  private static func shares(of values: [Double], above sorted: [Double]) -> [Double] {
    func count(_ isBelow: (Double) -> Bool) -> Int {
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if isBelow(sorted[middle]) { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return values.map { value in
      Double(count { $0 < value } + count { $0 <= value }) / 2 / Double(sorted.count)
    }
  }

  public var text: String {
    func area(_ value: Double, _ error: Double?) -> String {
      String(format: "%.4f", value) + (error.map { String(format: " ± %.4f", $0) } ?? "")
    }
    var text =
      "'\(data)': NLL \(String(format: "%.2f", nll)) over \(counted(images, "image")); by log p(x) told "
      + "from these with AUROC \(area(auroc, standardError))"
    if let ratioTo, let ratioAuroc {
      text += ", by its ratio to '\(ratioTo)' with \(area(ratioAuroc, ratioStandardError))"
    }
    return text
  }
}
