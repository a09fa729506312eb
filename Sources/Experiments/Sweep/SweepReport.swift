import Files
import Foundation
import Report

/// The result of a sweep: `--json` prints it and `results.json` holds it.
public struct SweepReport: Encodable {
  /// One setting with all its seeds.
  public struct Row: Encodable {
    public var name: String
    public var objective: String
    public var estimator: String
    public var groups: Int
    public var samples: Int
    public var beta: Double?
    public var alpha: Double?
    /// The values on the further axes, by key.
    public var settings: [String: String]?
    /// The mean over the seeds that did not fail.
    public var nll: Double?
    /// The standard deviation over seeds.
    public var spread: Double?
    /// Over images.
    public var standardError: Double?
    public var activeUnits: [Double]?
    public var trainSeconds: Double?
    /// By how much the NLL is above that of the best, image by image.
    public var paired: PairedDifference?
    public var isBest = false
    /// True if seeds alone may have made it worse than the best.
    public var isAsGood = false
    public var planned: Int
    public var runs: [CellResult]

    public init(
      _ setting: RunConfiguration, of grid: Grid, _ results: [CellResult], planned: Int
    ) {
      name = grid.name(of: setting)
      let values = grid.values(of: setting)
      settings =
        values.isEmpty
        ? nil : Dictionary(values.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      (objective, estimator) = (setting.objective.name, setting.estimator.rawValue)
      (groups, samples) = (setting.groups, setting.samples)
      beta = Setting.beta.concerns(objective) ? setting.beta : nil
      alpha = Setting.alpha.concerns(objective) ? setting.alpha : nil
      let summary = CellSummary(results)
      (nll, spread) = (summary.nll?.mean, summary.nll?.spread)
      standardError = summary.standardError
      activeUnits = summary.activeUnits
      trainSeconds = summary.trainSeconds
      self.planned = planned
      runs = results
    }

    public var finished: Int { runs.count { $0.evaluation != nil } }

    /// True if the difference of two means is within twice its standard error over seeds.
    fileprivate func isWithinSpread(of other: Row) -> Bool {
      guard let nll, let best = other.nll, let spread, let otherSpread = other.spread else {
        return false
      }
      let variance =
        spread * spread / Double(finished) + otherSpread * otherSpread / Double(other.finished)
      return abs(nll - best) <= 2 * variance.squareRoot()
    }
  }

  public var folder: String
  /// The settings left out of the grid, with reasons.
  public var leftOut: [String]
  public var rows: [Row]
  public var figures: [String] = []
  /// Those that this process drew into the sweep's folder.
  var drawn: [Figure] = []
  public var planned: Int
  public var finished: Int
  public var failed: Int

  public init(folder: String, leftOut: [String], rows: [Row]) {
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
    let lowest = rows[best].runs.tested
    for index in rows.indices where index != best && rows[index].nll != nil {
      self.rows[index].paired = PairedDifference(
        of: rows[index].runs.tested, than: lowest, named: rows[best].name)
    }
    self.rows[best].isBest = true
  }

  private enum CodingKeys: String, CodingKey {
    case folder, leftOut, figures, planned, finished, failed
    case rows = "cells"
  }

  /// A key as people read it.
  static func words(_ key: String) -> String { key.replacing("_", with: " ") }

  /// People read marks and an objective with its estimator; programs have a column for each.
  private static let firstColumns: [ResultTable.Column] = [
    .text("", key: "mark").only(.people), .text("objective", key: "objective").only(.people),
    .text("is best", key: "is_best").only(.programs),
    .text("is as good", key: "is_as_good").only(.programs),
    .text("objective", key: "objective").only(.programs),
    .text("estimator", key: "estimator").only(.programs),
  ]

  /// A row for each setting.
  public var table: ResultTable {
    let shares: [(title: String, value: (Row) -> Double?)] = [
      ("beta", \.beta), ("alpha", \.alpha),
    ].filter { share in rows.contains { share.value($0) != nil } }
    let isPaired = rows.contains { $0.paired != nil }
    let others = Set(rows.flatMap { ($0.settings ?? [:]).keys }).sorted()
    var table = ResultTable(
      Self.firstColumns
        + shares.map { .text($0.title, key: $0.title) }
        + others.map { .text(Self.words($0), key: $0) }
        + [.count("M", key: "groups", latex: "$M$"), .count("K", key: "samples", latex: "$K$")]
        + CellSummary.columns + (isPaired ? [PairedDifference.column] : [])
        + [
          .count("training", key: "train_seconds"), .count("seeds", key: "seeds"),
          .count("planned", key: "planned").only(.programs),
        ],
      remark: legend ?? "")
    for row in rows {
      let estimator = row.estimator == "standard" ? "" : ", \(row.estimator)"
      let head = [
        row.isBest ? "*" : row.isAsGood ? "~" : "", row.objective + estimator, "\(row.isBest)",
        "\(row.isAsGood)", row.objective, row.estimator,
      ]
      let settings =
        shares.map { $0.value(row).map { "\($0)" } ?? "" } + others.map { row.settings?[$0] ?? "" }
      table.append(
        (head + settings).map { .text($0) } + [
          .number(Double(row.groups)), .number(Double(row.samples)),
          .init(row.nll, error: row.standardError), .init(row.spread),
          CellSummary.cell(row.activeUnits),
        ] + (isPaired ? [.init(row.paired?.difference, error: row.paired?.standardError)] : []) + [
          row.trainSeconds.map { .worded(readable(.seconds($0)), $0) } ?? .none,
          .worded("\(row.finished) of \(row.planned)", Double(row.finished)),
          .number(Double(row.planned)),
        ])
    }
    return table
  }

  /// The meaning of marks and errors; nil where nothing is done.
  private var legend: String? {
    guard rows.contains(where: \.isBest) else { return nil }
    return
      "* the best\(rows.contains(where: \.isAsGood) ? "; ~ no worse than the seeds explain" : "")"
      + ". Spread: the standard deviation over seeds. Standard error: over images."
      + (rows.contains { $0.paired != nil }
        ? " Above the best: image by image, with the error of that." : "")
  }

  public var text: String {
    var lines = [table.text, ""]
    if let legend { lines.append(legend) }
    for run in rows.flatMap(\.runs) {
      if let failure = run.failure { lines.append(onOneLine("Failed: \(run.run): \(failure)")) }
    }
    lines.append(
      "\(finished) of \(planned) cells finished, \(failed) failed. In \(onOneLine(folder)): sweep.json"
        // A shard writes none.
        + (FileManager.default.fileExists(atPath: "\(folder)/results.json") ? ", results.json" : "")
        + (figures.isEmpty ? "" : " and figures"))
    return lines.joined(separator: "\n")
  }
}
