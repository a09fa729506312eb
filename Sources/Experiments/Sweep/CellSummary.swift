/// A number that several seeds gave.
public struct SeedStatistics {
  public var mean: Double
  /// The standard deviation over seeds; nil for one seed, which says nothing of it.
  public var spread: Double?

  /// - Returns: Nil where there are no values.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    guard values.count > 1 else { return }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    spread = (squares / (count - 1)).squareRoot()
  }
}

/// The results of one setting over the seeds that did not fail.
public struct CellSummary {
  public var nll: SeedStatistics?
  /// Of the NLL over images: all seeds see the same, so more seeds do not make it smaller.
  public var standardError: Double?
  /// For each layer, the mean over seeds.
  public var activeUnits: [Double]?
  /// The mean time of training.
  public var trainSeconds: Double?

  public init(_ results: [CellResult]) {
    let evaluations = results.compactMap(\.evaluation)
    nll = SeedStatistics(evaluations.map(\.nll))
    standardError = SeedStatistics(evaluations.compactMap(\.standardError))?.mean
    trainSeconds = SeedStatistics(results.compactMap(\.trainSeconds))?.mean
    activeUnits = evaluations.first?.activeUnits.indices.compactMap { layer in
      SeedStatistics(evaluations.map { Double($0.activeUnits[layer]) })?.mean
    }
  }

  /// The columns of a table that are about it: the NLL with its error over images, the spread over seeds
  /// and the active units.
  static let columns: [ResultTable.Column] = [
    .uncertain(
      "NLL", key: "nll", decimals: 2, unit: "nats", error: "standard_error", apart: "std. error"),
    .number("spread", key: "spread", decimals: 2, unit: "nats"),
    .text("active units", key: "active_units"),
  ]

  static func cell(_ activeUnits: [Double]?) -> ResultTable.Cell {
    activeUnits == nil ? .none : .text(text(activeUnits))
  }

  /// The active units for people, as 25 or 26 + 7.
  public static func text(_ activeUnits: [Double]?) -> String {
    guard let activeUnits else { return "-" }
    return activeUnits.map { units in
      units == units.rounded() ? "\(Int(units))" : String(format: "%.1f", units)
    }.joined(separator: " + ")
  }
}
