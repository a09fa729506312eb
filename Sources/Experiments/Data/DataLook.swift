import Datasets
import Foundation
import IWAE

/// The look of data: the kind of their values, and the likelihoods that fit.
public struct DataLook: Encodable, Sendable {
  public enum Kind: String, Encodable, Sendable {
    case bits, levels, classes, counts, unit, positive, reals
  }

  /// A likelihood that takes the data.
  public struct Fit: Encodable, Sendable {
    /// As `--likelihood` takes it.
    public var likelihood: String
    public var reason: String
  }

  /// The images of a class.
  public struct ClassCount: Encodable, Sendable {
    public var label: Int
    public var images: Int
  }

  /// Nil where all values are missing.
  public var values: Kind?
  /// The ends of the values as they are: of bytes that are no pictures', whole numbers.
  public var least: Double?
  public var largest: Double?
  /// The columns, counted from 0, that have one value in all of the training images that have one.
  public var constantColumns: [Int]
  /// Those that are missing in all of them.
  public var emptyColumns: [Int]
  public var likelihoods: [Fit] = []
  /// The classes of the training images, in their order; nil where there are no labels.
  public var classes: [ClassCount]?

  public init(_ collection: ImageCollection) {
    let parts = collection.parts.map(\.images)
    (constantColumns, emptyColumns) = collection.training.constantColumns
    classes = collection.training.labels.map { labels in
      Dictionary(grouping: labels) { $0 }.map { ClassCount(label: $0, images: $1.count) }
        .sorted { $0.label < $1.label }
    }
    let scan = ValueScan(parts)
    guard let values = scan.kind else { return }
    self.values = values
    (least, largest) = (Double(scan.least), Double(scan.largest))
    let isWhole = [.bits, .classes, .counts].contains(values)
    let classes =
      isWhole && scan.largest < 256 ? ["categorical:\(max(Int(scan.largest) + 1, 2))"] : []
    // Real numbers come last, for they are never wrong. Not every family has a name that is enough.
    let known = (Likelihood.names + classes).compactMap { text in
      (try? Likelihood(named: text)).map { (text: text, likelihood: $0) }
    }
    // Bytes become levels only where they may be some.
    let isNumber = [.classes, .counts].contains(values)
    func isTaken(_ support: Support) -> Bool {
      if isNumber, [.unit, .levels, .positive].contains(support) { return false }
      return parts.allSatisfy { $0.scaled(for: support).firstMisfit(for: support) == nil }
    }
    for isReal in [false, true] {
      for (text, likelihood) in known
      where (likelihood.support == .reals) == isReal && isTaken(likelihood.support)
        && (values != .bits || likelihood.isBinarized || classes.contains(text))
      {
        likelihoods.append(Fit(likelihood: text, reason: Self.reason(likelihood, for: values)))
      }
    }
  }

  /// The reason why a likelihood fits, in a phrase.
  private static func reason(_ likelihood: Likelihood, for values: Kind) -> String {
    let counts = values == .levels ? "bytes as counts" : "counts"
    return switch likelihood.family {
    case "bernoulli":
      values == .bits
        ? "0s and 1s as they are" : "values become 0s and 1s by chance, afresh in each pass"
    case "continuous-bernoulli": "numbers from 0 to 1 as they are"
    case "logistic": "levels over 255, each with the mass of its bin"
    case "categorical": "one of so many classes, whose order says nothing"
    case "poisson": "\(counts) that vary as much as their mean"
    case "negative-binomial": "\(counts) that vary more than their mean"
    case "gaussian":
      [.positive, .reals].contains(values)
        ? "real numbers; '--standardize' brings columns to one scale"
        : "the values as real numbers"
    default: "numbers of its support, '\(likelihood.support)'"
    }
  }

  /// The values, the constant columns and the classes in a sentence each.
  public var text: String {
    guard let classes else { return valuesText }
    let shown = classes.prefix(20).map { "\($0.images) of \($0.label)" }.joined(separator: ", ")
    return valuesText + "\nTraining images of each class: "
      + (classes.count > 20 ? "\(shown) and so on." : "\(shown).")
  }

  private var valuesText: String {
    guard let values else { return "All values are missing." }
    func number(_ value: Double?) -> String { value.map { String(format: "%.4g", $0) } ?? "-" }
    let range = "from \(number(least)) to \(number(largest))"
    let kind =
      switch values {
      case .bits: "0s and 1s"
      case .levels: "levels of 1/255"
      case .classes: "whole numbers \(range), of which each occurs: classes, or counts"
      case .counts: "counts \(range)"
      case .unit: "real numbers within 0 and 1, \(range)"
      case .positive: "positive real numbers \(range)"
      case .reals: "real numbers \(range)"
      }
    return "The values are \(kind)." + Self.text(constantColumns, hold: "one value")
      + Self.text(emptyColumns, hold: "no value")
  }

  /// A sentence on some columns; nothing on none.
  private static func text(_ columns: [Int], hold what: String) -> String {
    if columns.isEmpty { return "" }
    let shown = columns.prefix(5).map { "\($0 + 1)" }.joined(separator: ", ")
    return " \(counted(columns.count, "column")) of the training images "
      + "hold\(columns.count == 1 ? "s" : "") \(what): \(shown)"
      + (columns.count > 5 ? " and so on." : ".")
  }
}

/// The values of images: bytes that are no pictures' are whole numbers.
private struct ValueScan {
  private(set) var least = Float.infinity
  private(set) var largest = -Float.infinity
  private var areWhole = true
  private var areLevels = true
  private var areBits = true
  private var areBytes = true
  /// The whole numbers below this size that occur.
  private var seen = [Bool](repeating: false, count: Self.mostClasses)

  /// More classes than that are called counts.
  private static let mostClasses = 100
  /// Bytes of at least that size are taken for levels of grey.
  private static let leastLevel: Float = 128

  init(_ parts: [ImageSet]) {
    for images in parts.map({ $0.scaled(for: .reals) }) {
      if case .bytes = images.values {} else { areBytes = false }
      areBits = areBits && images.isBinary
      for index in 0..<images.count {
        for value in images.pixels(of: index) where !value.isNaN { add(value) }
      }
    }
  }

  private mutating func add(_ value: Float) {
    (least, largest) = (min(least, value), max(largest, value))
    areLevels = areLevels && Support.levels.problem(with: value) == nil
    guard areWhole else { return }
    areWhole = Support.counts.problem(with: value) == nil
    if areWhole, value < Float(seen.count) { seen[Int(value)] = true }
  }

  /// Nil where all are missing.
  var kind: DataLook.Kind? {
    if least > largest { return nil }
    if areBits { return .bits }
    if areLevels || areBytes && areWhole && largest >= Self.leastLevel { return .levels }
    if areWhole {
      let isEach = largest < Float(seen.count) && seen[...Int(largest)].allSatisfy(\.self)
      return isEach ? .classes : .counts
    }
    if least >= 0 && largest <= 1 { return .unit }
    return least > 0 ? .positive : .reals
  }
}

extension ImageSet {
  /// The columns that have one value, and those that have none.
  fileprivate var constantColumns: (constant: [Int], empty: [Int]) {
    var known = [Float](repeating: .nan, count: width)
    var isConstant = [Bool](repeating: true, count: width)
    for index in 0..<count {
      for (column, value) in pixels(of: index).enumerated() where !value.isNaN {
        if known[column].isNaN { known[column] = value }
        if known[column] != value { isConstant[column] = false }
      }
    }
    let constant = isConstant.indices.filter { isConstant[$0] }
    return (constant.filter { !known[$0].isNaN }, constant.filter { known[$0].isNaN })
  }
}
