import IWAE

/// A row of a paper's table, before anything is trained.
public struct PlannedRow {
  public var title: String
  /// One run for each seed.
  public var cells: [Cell]
  public var publishedActiveUnits: [Int]?
  /// The runs' numbers beside the paper's.
  public var measures: (_ results: [CellResult], _ isPartial: Bool) -> [Measure]

  /// A row of a table of the NLL.
  init(title: String, cells: [Cell], nll: Published?, publishedActiveUnits: [Int]? = nil) {
    self.init(title: title, cells: cells, publishedActiveUnits: publishedActiveUnits) {
      let summary = CellSummary($0)
      return [
        Measure(
          "NLL", summary.nll, standardError: summary.standardError, published: nll, isPartial: $1)
      ]
    }
  }

  init(
    title: String, cells: [Cell], publishedActiveUnits: [Int]? = nil,
    measures: @escaping (_ results: [CellResult], _ isPartial: Bool) -> [Measure]
  ) {
    (self.title, self.cells, self.measures) = (title, cells, measures)
    self.publishedActiveUnits = publishedActiveUnits
  }

  /// The row with the runs' numbers.
  ///
  /// - Parameters:
  ///   - results: By the names of cells.
  ///   - isPartial: True if only part of the test images were tested.
  public func row(_ results: [String: CellResult], isPartial: Bool) -> ReproductionRow {
    let runs = cells.compactMap { results[$0.name] }
    return ReproductionRow(
      title: title, measures: measures(runs, isPartial), activeUnits: CellSummary(runs).activeUnits,
      publishedActiveUnits: publishedActiveUnits, runs: runs)
  }
}

extension RainforthEntry {
  public func measures(
    _ results: [CellResult], isPublished: Bool, isPartial: Bool
  ) -> [Measure] {
    let bounds = results.compactMap(\.bound)
    let evaluations = results.compactMap(\.evaluation)
    let divergences = results.compactMap { result -> Double? in
      guard let bound = result.bound, let evaluation = result.evaluation else { return nil }
      return evaluation.nll - bound.nll
    }
    func mean(_ values: [Double]) -> Double? { SeedStatistics(values)?.mean }
    return [
      Measure(
        "IWAE-64", SeedStatistics(bounds.map { -$0.nll }),
        standardError: mean(bounds.compactMap(\.standardError)),
        published: isPublished ? bound : nil,
        isPartial: isPartial),
      Measure(
        "log p(x)", SeedStatistics(evaluations.map { -$0.nll }),
        standardError: mean(evaluations.compactMap(\.standardError)),
        published: isPublished ? likelihood : nil, isPartial: isPartial),
      // Both are of the same images: how the difference varies over them is not kept.
      Measure(
        "-KL(Q to P)", SeedStatistics(divergences), standardError: nil,
        published: isPublished ? divergence : nil, isPartial: isPartial),
    ]
  }
}
