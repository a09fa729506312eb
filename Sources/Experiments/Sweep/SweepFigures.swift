import Foundation
import Report

/// A quantity that may vary from one setting of a sweep to another.
private enum Axis: Hashable {
  case groups, samples, objective, estimator, beta, alpha
  /// Another setting, by its key.
  case setting(String)

  /// Those of a sweep.
  static func all(_ rows: [SweepReport.Row]) -> [Axis] {
    [.groups, .samples, .objective, .estimator, .beta, .alpha]
      + Set(rows.flatMap { ($0.settings ?? [:]).keys }).sorted().map(Axis.setting)
  }

  var name: String {
    switch self {
    case .groups: "M"
    case .samples: "K"
    case .objective: "objective"
    case .estimator: "estimator"
    case .beta: "beta"
    case .alpha: "alpha"
    case .setting(let key): SweepReport.words(key)
    }
  }

  /// Nil where the setting has none.
  func value(_ row: SweepReport.Row) -> String? {
    switch self {
    case .groups: "\(row.groups)"
    case .samples: "\(row.samples)"
    case .objective: row.objective
    case .estimator: row.estimator
    case .beta: row.beta.map { "\($0)" }
    case .alpha: row.alpha.map { "\($0)" }
    case .setting(let key): row.settings?[key]
    }
  }

  /// The values of all rows that have one: numbers in their order, names in that of the rows.
  func values(_ rows: [SweepReport.Row]) -> [String] {
    var result: [String] = []
    for value in rows.compactMap(value) where !result.contains(value) { result.append(value) }
    let isNumber = result.allSatisfy { Double($0) != nil }
    return isNumber ? result.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) } : result
  }

  /// The values of all rows, with a dash for none.
  func ticks(_ rows: [SweepReport.Row]) -> [String] {
    values(rows) + (rows.contains { value($0) == nil } ? ["-"] : [])
  }

  /// The mark of a row's figure: names as they are, numbers with the axis before them.
  func label(_ row: SweepReport.Row, separator: String = "") -> String? {
    guard let value = value(row) else { return nil }
    return [.objective, .estimator].contains(self) ? value : name + separator + value
  }
}

extension SweepReport {
  /// Draws heat maps of the NLL into the sweep's folder, and lists them as its figures: over groups
  /// and samples if both vary, else over the two axes that vary most; one for each combination of
  /// whatever else varies.
  public mutating func drawFigures() throws {
    let varying = Axis.all(rows).filter { $0.values(rows).count > 1 }
    guard !varying.isEmpty else { return }
    let hasSizes = varying.contains(.groups) && varying.contains(.samples)
    // The sort is stable: of two axes that vary as much, the one that comes first.
    let most = varying.sorted { $0.values(rows).count > $1.values(rows).count }
    var column = hasSizes ? .samples : most[0]
    let standard = column == .objective ? Axis.samples : .objective
    var row = hasSizes ? .groups : most.dropFirst().first ?? standard
    if [.objective, .estimator].contains(column) { swap(&row, &column) }
    let others = varying.filter { $0 != row && $0 != column }
    var parts: [(label: [String?], rows: [Row])] = []
    for setting in rows {
      let label = others.map { $0.label(setting) }
      if let index = parts.firstIndex(where: { $0.label == label }) {
        parts[index].rows.append(setting)
      } else {
        parts.append((label, [setting]))
      }
    }
    // A smaller grid's figures may have had other names.
    RunFolder(folder).clearFigures { $0 == Self.figureName || $0.hasPrefix(Self.figureName + "-") }
    let folder = FigureFolder(run: folder)
    for part in parts where part.rows.contains(where: { $0.nll != nil }) {
      let figure = Self.heatMap(part.rows, others: others, row: row, column: column)
      try folder.write(figure)
      drawn.append(figure)
      figures.append(folder.picture(of: figure))
    }
  }

  /// Lists the figures that were drawn as files of another place too; `copyFigures` puts them there.
  public mutating func listFigures(in place: FigurePlace) {
    figures += drawn.compactMap { place.file(of: $0, isAlone: drawn.count == 1) }
  }

  /// Puts the figures that were drawn, which only the first rank does, into another place too.
  public func copyFigures(to place: FigurePlace) throws {
    for figure in drawn { _ = try place.put(figure, isAlone: drawn.count == 1) }
  }

  /// The beginning of the names of a sweep's figures.
  private static let figureName = "nll"

  /// - Parameter others: The other axes that vary; each has one value in all of the rows.
  private static func heatMap(
    _ rows: [Row], others: [Axis], row: Axis, column: Axis
  ) -> Figure {
    let (names, columns) = (row.ticks(rows), column.ticks(rows))
    let values = names.map { name in
      columns.map { other in
        rows.first { (row.value($0) ?? "-") == name && (column.value($0) ?? "-") == other }?.nll
      }
    }
    let map = HeatMap(
      xLabel: column.name, yLabel: row.name, valueLabel: "NLL, nats", columns: columns,
      rows: names, values: values, lowIsGood: true, showsNumbers: true)
    let best = rows.filter { $0.nll != nil }.min { ($0.nll ?? 0) < ($1.nll ?? 0) }
    let title = ["NLL by \(row.name) and \(column.name)"]
    return Figure(
      name: ([figureName] + others.compactMap { $0.label(rows[0]) }).joined(separator: "-"),
      title: (title + others.compactMap { $0.label(rows[0], separator: " ") })
        .joined(separator: ", "),
      summary: best.map { String(format: "The lowest is %.2f, of ", $0.nll ?? 0) + $0.name + "." }
        ?? "",
      content: .heat(map))
  }
}
