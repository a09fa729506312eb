import Foundation

/// What a sweep came to: what `--json` prints and `results.json` holds.
struct SweepReport: Encodable {
  /// One setting with all its seeds.
  struct Row: Encodable {
    var name: String
    var objective: String
    var estimator: String
    var groups: Int
    var samples: Int
    var beta: Double?
    var alpha: Double?
    /// The mean over the seeds that did not fail.
    var nll: Double?
    /// The standard deviation over seeds.
    var spread: Double?
    /// Over images.
    var standardError: Double?
    var activeUnits: [Double]?
    var trainSeconds: Double?
    var isBest = false
    /// Whether seeds alone may have made it worse than the best.
    var isAsGood = false
    var planned: Int
    var runs: [CellResult]

    init(_ setting: RunConfiguration, _ results: [CellResult], planned: Int) {
      name = setting.settingName
      (objective, estimator) = (setting.objective, setting.estimator)
      (groups, samples) = (setting.groups, setting.samples)
      beta = objective == "ciwae" ? setting.beta : nil
      alpha = objective == "renyi" ? setting.alpha : nil
      let summary = CellSummary(results)
      (nll, spread) = (summary.nll?.mean, summary.nll?.spread)
      standardError = summary.standardError
      activeUnits = summary.activeUnits
      trainSeconds = summary.trainSeconds
      self.planned = planned
      runs = results
    }

    var finished: Int { runs.count { $0.evaluation != nil } }

    /// Whether the difference of two means is within twice its standard error over seeds.
    fileprivate func isWithinSpread(of other: Row) -> Bool {
      guard let nll, let best = other.nll, let spread, let otherSpread = other.spread else {
        return false
      }
      let variance =
        spread * spread / Double(finished) + otherSpread * otherSpread / Double(other.finished)
      return abs(nll - best) <= 2 * variance.squareRoot()
    }
  }

  var folder: String
  /// What was left out of the grid, and why.
  var leftOut: [String]
  var rows: [Row]
  var figures: [String] = []
  var planned: Int
  var finished: Int
  var failed: Int

  init(folder: String, leftOut: [String], rows: [Row]) {
    (self.folder, self.leftOut, self.rows) = (folder, leftOut, rows)
    planned = rows.reduce(0) { $0 + $1.planned }
    finished = rows.reduce(0) { $0 + $1.finished }
    failed = rows.reduce(0) { $0 + $1.runs.count { $0.failure != nil } }
    let best = rows.indices.filter { rows[$0].nll != nil }
      .min { (rows[$0].nll ?? .infinity) < (rows[$1].nll ?? .infinity) }
    guard let best else { return }
    for index in rows.indices {
      self.rows[index].isAsGood = index != best && rows[index].isWithinSpread(of: rows[best])
    }
    self.rows[best].isBest = true
  }

  private enum CodingKeys: String, CodingKey {
    case folder, leftOut, figures, planned, finished, failed
    case rows = "cells"
  }

  var text: String {
    func number(_ value: Double?, _ format: String = "%.2f") -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    let hasShares = rows.contains { $0.beta ?? $0.alpha != nil }
    var table = TextTable(
      ["", "objective"] + (hasShares ? ["beta, alpha"] : [])
        + ["M", "K", "NLL", "spread", "std. error", "active units", "training", "seeds"],
      rightAligned: hasShares ? [2, 3, 4, 5, 6, 7, 9] : [2, 3, 4, 5, 6, 8])
    for row in rows {
      let estimator = row.estimator == "standard" ? "" : ", \(row.estimator)"
      table.append(
        [row.isBest ? "*" : row.isAsGood ? "~" : "", row.objective + estimator]
          + (hasShares ? [(row.beta ?? row.alpha).map { "\($0)" } ?? ""] : [])
          + [
            "\(row.groups)", "\(row.samples)", number(row.nll), number(row.spread),
            number(row.standardError), CellSummary.text(row.activeUnits),
            row.trainSeconds.map { readable(.seconds($0)) } ?? "-",
            "\(row.finished) of \(row.planned)",
          ])
    }
    var lines = [table.text, ""]
    if rows.contains(where: \.isBest) {
      lines.append(
        "* the best\(rows.contains(where: \.isAsGood) ? "; ~ no worse than the seeds explain" : "")"
          + ". Spread: the standard deviation over seeds. Standard error: over images.")
    }
    for run in rows.flatMap(\.runs) {
      if let failure = run.failure { lines.append("Failed: \(run.run): \(failure)") }
    }
    lines.append(
      "\(finished) of \(planned) cells finished, \(failed) failed. In \(folder): sweep.json, "
        + "results.json\(figures.isEmpty ? "" : " and figures")")
    return lines.joined(separator: "\n")
  }
}
