import Compute

extension Likelihood {
  /// Classes 0, 1, 2 and so on, so many of them: each variable has a logit for each class.
  ///
  /// - Precondition: `classes` is in `classCounts`.
  public static func categorical(_ classes: Int) -> Likelihood {
    precondition(
      classCounts.contains(classes), "expected \(classCounts) classes, found \(classes)")
    return Likelihood(
      definition: .object([
        "family": .string("categorical"), "classes": .number(Double(classes)),
      ]), family: "categorical", name: "categorical:\(classes)", heads: ["logits"],
      logDensity: nil, mean: nil, support: .classes(classes))
  }

  /// The numbers of classes that a variable may have.
  static let classCounts = 2...65_536

  static let categoricalFamily = DensityFamily<Likelihood>(
    name: "categorical", isNamed: false, numberField: "classes"
  ) { fields throws(DescriptionError) in
    try fields.allow(["classes"])
    return .categorical(try fields.count("classes", classCounts))
  }

  /// The classes of each variable; nil where it has a formula.
  public var classes: Int? {
    if case .classes(let count) = support { count } else { nil }
  }

  /// The columns that a variable has of each head.
  public var headColumns: Int { classes ?? 1 }

  /// The values of a variable in the heads, `(rows, D headColumns)` each, the heads one after another.
  func headValues(_ heads: [[Float]], of index: Int) -> [Double] {
    heads.flatMap { $0[index * headColumns..<(index + 1) * headColumns].map(Double.init) }
  }

  /// The first class up to which more has passed than `uniform`, of all that pass; nil where logits are
  /// not finite.
  static func classDrawn(logits: [Double], uniform: Double) -> Double? {
    guard logits.allSatisfy(\.isFinite) else { return nil }
    let largest = logits.reduce(-.infinity, Swift.max)
    let shares = logits.map { IWAE.exponential($0 - largest) }
    var left = uniform * shares.reduce(0, +)
    let drawn = shares.firstIndex { share in
      left -= share
      return left < 0
    }
    return Double(drawn ?? logits.count - 1)
  }

  /// The biases of the logits that give every class its frequency, which is kept above 0.001.
  ///
  /// - Parameter frequencies: `(D, C)`
  static func classBiases(_ frequencies: [Double]) -> [Float] {
    frequencies.map { Float(naturalLogarithm(Swift.max($0, 0.001))) }
  }
}
