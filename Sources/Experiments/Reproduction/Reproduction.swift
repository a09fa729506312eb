import Files
import Foundation

/// A row of a paper's table.
public struct ReproductionRow: Encodable {
  public var title: String
  public var measures: [Measure]
  /// For each layer, the mean over seeds.
  public var activeUnits: [Double]?
  public var publishedActiveUnits: [Int]?
  public var runs: [CellResult]
  /// By how much its NLL is above that of the lowest, image by image.
  public internal(set) var paired: PairedDifference?

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
  /// Every two rows that were tested on the same images.
  public var pairs: [PairedRows]
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
    let compared = PairedRows.compare(rows)
    pairs = compared.pairs
    for (row, paired) in compared.aboveBest.enumerated() { self.rows[row].paired = paired }
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
    let lines =
      remarks + ordering + PairedRows.text(pairs) + ["In \(onOneLine(folder)): results.json"]
    return ([head, "", table.text, ""] + lines).joined(separator: "\n")
  }

  /// A row for each quantity of each row of the paper's.
  public var table: ResultTable {
    let hasUnits = rows.contains { $0.publishedActiveUnits != nil }
    let isPaired = rows.contains { $0.paired != nil }
    let names = Set(rows.flatMap(\.measures).map(\.name))
    // People need not read one name again and again, nor that there is no spread.
    let onlyName = names.count == 1 ? names.first : nil
    let hasSpread = rows.flatMap(\.measures).contains { $0.spread != nil }
    func nats(_ title: String, _ key: String, isSigned: Bool = false) -> ResultTable.Column {
      .number(title, key: key, decimals: 2, unit: "nats", isSigned: isSigned)
    }
    var table = ResultTable(
      [
        .text("", key: "row"),
        .text("", key: "measure").only(onlyName == nil ? .all : .programs),
        .uncertain(
          onlyName ?? "ours", key: "ours", decimals: 2, unit: "nats", error: "standard_error",
          apart: "std. error"),
        nats("spread", "spread").only(hasSpread ? .all : .programs),
        .uncertain(
          "published", key: "published", decimals: 2, unit: "nats", error: "published_spread"),
        nats("difference", "difference", isSigned: true), .text("inside", key: "inside"),
        .text("active units", key: "active_units"),
      ] + (isPaired ? [PairedDifference.column] : [])
        + (hasUnits ? [.text("published", key: "published_active_units")] : []),
      remark:
        "\(paper), on \(data): \(extent) The error of ours is the standard error over images, "
        + "that of the published the spread over seeds."
        + (isPaired ? " What is above the best is so in NLL, image by image." : ""))
    for row in rows {
      for (index, measure) in row.measures.enumerated() {
        func once(_ text: String) -> ResultTable.Cell { index == 0 ? .text(text) : .repeated(text) }
        let units = CellSummary.text(row.publishedActiveUnits?.map(Double.init))
        table.append(
          [
            once(row.title), .text(measure.name),
            .init(measure.ours, error: measure.standardError), .init(measure.spread),
            .init(measure.published?.value, error: measure.published?.spread),
            .init(measure.difference), Self.inside(measure),
            once(CellSummary.text(row.activeUnits)),
          ]
            + (isPaired
              ? [
                index == 0
                  ? .init(row.paired?.difference, error: row.paired?.standardError) : .none
              ] : [])
            + (hasUnits ? [once(units)] : []))
      }
    }
    return table
  }

  private static func inside(_ measure: Measure) -> ResultTable.Cell {
    if measure.published?.isOfOtherModel == true { return .text("other") }
    return measure.isInside.map { .text($0 ? "yes" : "no") } ?? .none
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
    if measures.contains(where: { $0.published?.isOfOtherModel == true }) {
      lines.append("Other: the published number is of another model.")
    }
    if rows.contains(where: { $0.paired != nil }) {
      lines.append("Above the best: in NLL, image by image, with the error of that.")
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
