import Artifacts
import Foundation
import Report

/// What may vary from one setting of a sweep to another.
private enum Axis: String, CaseIterable {
  case groups = "M"
  case samples = "K"
  case objective, estimator, beta, alpha

  func value(_ row: SweepReport.Row) -> String {
    switch self {
    case .groups: "\(row.groups)"
    case .samples: "\(row.samples)"
    case .objective: row.objective
    case .estimator: row.estimator
    case .beta: row.beta.map { "\($0)" } ?? ""
    case .alpha: row.alpha.map { "\($0)" } ?? ""
    }
  }

  /// The values of all rows: numbers in their order, names in that of the rows.
  func values(_ rows: [SweepReport.Row]) -> [String] {
    var result: [String] = []
    for row in rows where !result.contains(value(row)) { result.append(value(row)) }
    let isNumber = result.allSatisfy { Double($0) != nil }
    return isNumber ? result.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) } : result
  }
}

extension SweepReport {
  /// Draws a heat map of the NLL over groups and samples if both vary, else over the two axes that
  /// vary most: one for each combination of whatever else varies.
  mutating func drawFigures() throws {
    let varying = Axis.allCases.filter { $0.values(rows).count > 1 }
    guard !varying.isEmpty else { return }
    let hasSizes = varying.contains(.groups) && varying.contains(.samples)
    // The sort is stable: of two axes that vary as much, the one that comes first.
    let most = varying.sorted { $0.values(rows).count > $1.values(rows).count }
    var column = hasSizes ? .samples : most[0]
    let standard = column == .objective ? Axis.samples : .objective
    var row = hasSizes ? .groups : most.dropFirst().first ?? standard
    if [.objective, .estimator].contains(column) { swap(&row, &column) }
    let others = varying.filter { $0 != row && $0 != column }
    var parts: [(label: [String], rows: [Row])] = []
    for setting in rows {
      let label = others.map { $0.value(setting) }
      if let index = parts.firstIndex(where: { $0.label == label }) {
        parts[index].rows.append(setting)
      } else {
        parts.append((label, [setting]))
      }
    }
    let folder = FigureFolder(run: folder)
    // A smaller grid's figures may have had other names.
    try? FileManager.default.removeItem(atPath: folder.path)
    for part in parts where part.rows.contains(where: { $0.nll != nil }) {
      let figure = Self.heatMap(part.rows, others: part.label, row: row, column: column)
      try Inputs.wrap { () throws(FileAccessError) in try folder.write(figure) }
      figures.append(folder.picture(of: figure))
    }
  }

  private static func heatMap(
    _ rows: [Row], others: [String], row: Axis, column: Axis
  ) -> Figure {
    let columns = column.values(rows)
    let values = row.values(rows).map { name in
      columns.map { other in
        rows.first { row.value($0) == name && column.value($0) == other }?.nll
      }
    }
    let label = others.filter { !$0.isEmpty }
    let map = HeatMap(
      xLabel: column.rawValue, yLabel: row.rawValue, valueLabel: "NLL, nats", columns: columns,
      rows: row.values(rows), values: values, lowIsGood: true, showsNumbers: true)
    let best = rows.filter { $0.nll != nil }.min { ($0.nll ?? 0) < ($1.nll ?? 0) }
    return Figure(
      name: (["nll"] + label).joined(separator: "-"),
      title: (["NLL by \(row.rawValue) and \(column.rawValue)"] + label).joined(separator: ", "),
      summary: best.map { String(format: "The lowest is %.2f, of ", $0.nll ?? 0) + $0.name + "." }
        ?? "",
      content: .heat(map))
  }
}
