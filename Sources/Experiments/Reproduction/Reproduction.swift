import Foundation

/// A row of a paper's table.
public struct ReproductionRow: Encodable {
  public var title: String
  public var measures: [Measure]
  /// For each layer, the mean over seeds.
  public var activeUnits: [Double]?
  public var publishedActiveUnits: [Int]?
  public var runs: [CellResult]

  public init(
    title: String, measures: [Measure], activeUnits: [Double]?, publishedActiveUnits: [Int]?,
    runs: [CellResult]
  ) {
    (self.title, self.measures, self.runs) = (title, measures, runs)
    (self.activeUnits, self.publishedActiveUnits) = (activeUnits, publishedActiveUnits)
  }
}

/// A paper's table, ours beside it: what `--json` prints and `results.json` holds.
public struct Reproduction: Encodable {
  public var paper: String
  /// Whose recipe, where there are two.
  public var mode: String?
  public var data: String
  /// Passes over the training images, of those of the paper.
  public var passes: Int
  public var publishedPasses: Int
  public var seeds: Int
  /// True if only part of the test images were tested.
  public var isPartial: Bool
  public var rows: [ReproductionRow]
  /// Further remarks for the reader.
  public var notes: [String]
  /// The pairs of rows that the paper tells apart and for which there is something of ours.
  public var orderedPairs: Int
  public var violations: [OrderViolation]
  public var folder: String

  public init(
    paper: String, mode: String?, data: String, passes: Int, publishedPasses: Int, seeds: Int,
    isPartial: Bool, rows: [ReproductionRow], notes: [String], folder: String
  ) {
    (self.paper, self.mode, self.data, self.folder) = (paper, mode, data, folder)
    (self.passes, self.publishedPasses, self.seeds) = (passes, publishedPasses, seeds)
    (self.isPartial, self.rows, self.notes) = (isPartial, rows, notes)
    let order = PublishedOrder(rows)
    (orderedPairs, violations) = (order.pairs, order.violations)
  }

  /// The runs that failed and why, each once.
  public var failures: [String] {
    var lines: [String] = []
    for run in rows.flatMap(\.runs) {
      if let failure = run.failure, !lines.contains("\(run.run): \(failure)") {
        lines.append("\(run.run): \(failure)")
      }
    }
    return lines
  }
}

// MARK: For people

extension Reproduction {
  /// The share of the paper's training that this is, and its meaning for the numbers.
  public var extent: String {
    let share = 100 * Double(passes) / Double(publishedPasses)
    let head =
      "\(grouped(passes)) of \(grouped(publishedPasses)) passes "
      + "(\(String(format: share < 1 ? "%.1g" : "%.0f", share))%)"
    return passes < publishedPasses
      ? "\(head): with less training than the paper's, expect likelihoods below the "
        + "published ones and NLLs above." : "\(head)."
  }

  private func grouped(_ count: Int) -> String {
    var digits = "\(count)"
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
      index -= 3
    }
    return digits
  }

  public var text: String {
    let head = "\(paper), on \(data): \(extent)"
    return ([head, "", table.text, ""] + remarks + ordering + ["In \(folder): results.json"])
      .joined(separator: "\n")
  }

  private var table: TextTable {
    func number(_ value: Double?, _ format: String = "%.2f") -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    let hasUnits = rows.contains { $0.publishedActiveUnits != nil }
    var table = TextTable(
      ["", "", "ours", "spread", "std. error", "published", "difference", "inside"]
        + ["active units"] + (hasUnits ? ["published"] : []),
      rightAligned: [2, 3, 4, 5, 6])
    for row in rows {
      for (index, measure) in row.measures.enumerated() {
        let published = measure.published.map { published in
          number(published.value) + (published.spread.map { String(format: " ± %.2f", $0) } ?? "")
        }
        let units = index == 0 ? CellSummary.text(row.activeUnits) : ""
        let publishedUnits = CellSummary.text(row.publishedActiveUnits?.map(Double.init))
        table.append(
          [
            index == 0 ? row.title : "", measure.name, number(measure.ours),
            number(measure.spread), number(measure.standardError), published ?? "-",
            number(measure.difference, "%+.2f"),
            measure.isInside.map { $0 ? "yes" : "no" } ?? "-", units,
          ] + (hasUnits ? [index == 0 ? publishedUnits : ""] : []))
      }
    }
    return table
  }

  private var remarks: [String] {
    var lines = [
      "Inside: the difference is at most twice the root of the summed squares of the spread over "
        + "seeds and the published spread"
        + (isPartial
          ? ", and of the standard error over images, because only some were tested."
          : ", as far as they are known.")
    ]
    let measures = rows.flatMap(\.measures)
    if measures.contains(where: \.isWithoutSpread) {
      lines.append(
        "Where the paper states no spread, and a single seed has none, the standard error over "
          + "images stands in: such an 'inside' does not tell neighbouring rows of the table apart. "
          + "'--seeds 0,1,2' gives a spread.")
    }
    if seeds == 1, measures.contains(where: { $0.published?.spread != nil }) {
      lines.append(
        "With one seed its spread is not known, and the published one stands alone.")
    }
    return lines + failures.map { "Failed: \($0)" } + notes.map(sentence)
  }

  private var ordering: [String] {
    if orderedPairs == 0 { return ["No order was published that this could be compared with."] }
    let held = orderedPairs - violations.count
    return [
      "The published order holds for \(held) of \(orderedPairs) pairs of rows"
        + (violations.isEmpty ? "." : "; not for:")
    ] + violations.map { "  \($0.text)" }
  }
}
