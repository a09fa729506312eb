import Foundation

/// A quantity of a row, ours beside the paper's.
struct Measure: Encodable {
  /// NLL, and so on.
  var name: String
  /// Ours: the mean over seeds; nil where nothing was finished.
  var ours: Double?
  /// The standard deviation over seeds; nil for one seed.
  var spread: Double?
  /// Over images.
  var standardError: Double?
  var published: Published?
  /// Ours minus the paper's.
  var difference: Double?
  /// Twice the root of the summed squares of the spreads and the standard error that are known.
  var allowed: Double?
  /// Whether the difference is allowed.
  var isInside: Bool?

  init(
    _ name: String, _ statistics: SeedStatistics?, standardError: Double?, published: Published?
  ) {
    self.name = name
    (ours, spread) = (statistics?.mean, statistics?.spread)
    self.standardError = standardError
    self.published = published
    guard let ours, let published else { return }
    let squares = [spread, published.spread, standardError].compactMap(\.self)
      .reduce(0) { $0 + $1 * $1 }
    let difference = ours - published.value
    let allowed = 2 * squares.squareRoot()
    (self.difference, self.allowed) = (difference, allowed)
    isInside = abs(difference) <= allowed
  }
}

/// A row of a paper's table.
struct ReproductionRow: Encodable {
  var title: String
  var measures: [Measure]
  /// For each layer, the mean over seeds.
  var activeUnits: [Double]?
  var publishedActiveUnits: [Int]?
  var runs: [CellResult]
}

/// Two rows whose order in the paper is not ours.
struct OrderViolation: Encodable {
  var measure: String
  var rows: [String]
  var published: [Double]
  var ours: [Double]

  fileprivate var text: String {
    func pair(_ values: [Double]) -> String {
      values.map { String(format: "%.2f", $0) }.joined(separator: " and ")
    }
    return "\(measure) of \(rows.joined(separator: " and ")): published \(pair(published)), ours "
      + pair(ours)
  }
}

/// A paper's table, ours beside it: what `--json` prints and `results.json` holds.
struct Reproduction: Encodable {
  var paper: String
  /// Whose recipe, where there are two.
  var mode: String?
  var data: String
  /// Passes over the training images, of those of the paper.
  var passes: Int
  var publishedPasses: Int
  var seeds: Int
  var rows: [ReproductionRow]
  /// What else a reader must know.
  var notes: [String]
  /// The pairs of rows that the paper tells apart and for which there is something of ours.
  var orderedPairs = 0
  var violations: [OrderViolation] = []
  var folder: String

  init(
    paper: String, mode: String?, data: String, passes: Int, publishedPasses: Int, seeds: Int,
    rows: [ReproductionRow], notes: [String], folder: String
  ) {
    (self.paper, self.mode, self.data, self.folder) = (paper, mode, data, folder)
    (self.passes, self.publishedPasses, self.seeds) = (passes, publishedPasses, seeds)
    (self.rows, self.notes) = (rows, notes)
    for first in rows.indices {
      for second in rows.indices where second > first { compare(rows[first], rows[second]) }
    }
  }

  /// The runs that failed and why, each once.
  var failures: [String] {
    var lines: [String] = []
    for run in rows.flatMap(\.runs) {
      if let failure = run.failure, !lines.contains("\(run.run): \(failure)") {
        lines.append("\(run.run): \(failure)")
      }
    }
    return lines
  }

  /// Checks that what the paper tells apart has the same order here.
  private mutating func compare(_ first: ReproductionRow, _ second: ReproductionRow) {
    func total(_ units: [Double]?) -> Double? { units.map { $0.reduce(0, +) } }
    func total(_ units: [Int]?) -> Double? { units.map { Double($0.reduce(0, +)) } }
    // One run that serves both rows cannot tell them apart.
    if first.runs.map(\.run) == second.runs.map(\.run) { return }
    let rows = [first.title, second.title]
    for (left, right) in zip(first.measures, second.measures) {
      compare(
        left.name, rows, published: [left.published?.value, right.published?.value],
        ours: [left.ours, right.ours])
    }
    compare(
      "active units", rows,
      published: [total(first.publishedActiveUnits), total(second.publishedActiveUnits)],
      ours: [total(first.activeUnits), total(second.activeUnits)])
  }

  private mutating func compare(
    _ measure: String, _ rows: [String], published: [Double?], ours: [Double?]
  ) {
    let (published, ours) = (published.compactMap(\.self), ours.compactMap(\.self))
    guard published.count == 2, ours.count == 2, published[0] != published[1] else { return }
    orderedPairs += 1
    if (published[0] - published[1]) * (ours[0] - ours[1]) > 0 { return }
    violations.append(
      OrderViolation(measure: measure, rows: rows, published: published, ours: ours))
  }
}

// MARK: For people

extension Reproduction {
  /// How much of the paper's training this is, and what that means.
  var extent: String {
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

  var text: String {
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
        + "seeds, the published spread and the standard error over images."
    ]
    if seeds == 1 {
      lines.append(
        "With one seed its spread is not known: the published spread, where there is one, and the "
          + "standard error stand alone.")
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
