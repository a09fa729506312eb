/// Curves with error bars, and lines across with a band around them.
public struct LinePlot: Hashable, Codable, Sendable {
  public struct Point: Hashable, Codable, Sendable {
    public var x: Double
    public var y: Double
    /// Half the length of the error bar.
    public var error: Double

    public init(x: Double, y: Double, error: Double = 0) {
      (self.x, self.y, self.error) = (x, y, error)
    }
  }

  public struct Curve: Hashable, Codable, Sendable {
    public var name: String
    public var points: [Point]
    public var dashed: Bool
    /// The place in the palette; the curve's own where it is nil. Curves that belong together share
    /// one.
    public var color: Int?

    public init(_ name: String, _ points: [Point], dashed: Bool = false, color: Int? = nil) {
      (self.name, self.points, self.dashed) = (name, points, dashed)
      self.color = color
    }
  }

  /// A line across, and half the width of the band around it.
  public struct Level: Hashable, Codable, Sendable {
    public var name: String
    public var y: Double
    public var error: Double

    public init(name: String, y: Double, error: Double = 0) {
      (self.name, self.y, self.error) = (name, y, error)
    }
  }

  public var xLabel: String
  public var yLabel: String
  public var xIsLogarithmic: Bool
  public var yIsLogarithmic: Bool
  public var curves: [Curve]
  public var levels: [Level]
  /// The reason for which a point may have no number, in words; nil for none that is known.
  public var missing: String?

  public init(
    xLabel: String, yLabel: String, xIsLogarithmic: Bool = true, yIsLogarithmic: Bool = false,
    curves: [Curve], levels: [Level] = [], missing: String? = nil
  ) {
    self.missing = missing
    (self.xLabel, self.yLabel) = (xLabel, yLabel)
    (self.xIsLogarithmic, self.yIsLogarithmic) = (xIsLogarithmic, yIsLogarithmic)
    (self.curves, self.levels) = (curves, levels)
  }

  /// One row for each x, one column for each curve and each level.
  var table: FigureTable {
    let hasErrors = curves.map(\.hasErrors)
    var columns = [xLabel]
    var xs: Set<Double> = []
    for (curve, hasErrors) in zip(curves, hasErrors) {
      columns.append(curve.name)
      if hasErrors { columns.append("\(curve.name), error") }
      xs.formUnion(curve.points.map(\.x).filter { !$0.isNaN })
    }
    columns += levels.map(\.name)
    let points = curves.map { Dictionary(grouping: $0.points, by: \.x) }
    let rows = xs.sorted().flatMap { x in
      let count = points.compactMap { $0[x]?.count }.max() ?? 0
      return (0..<count).map { repetition in
        row(x, hasErrors) { points[$0][x]?.dropFirst(repetition).first }
      }
    }
    return FigureTable(
      columns: columns, rows: rows.isEmpty ? [row(nil, hasErrors) { _ in nil }] : rows)
  }

  private func row(
    _ x: Double?, _ hasErrors: [Bool], _ point: (Int) -> Point?
  ) -> [FigureTable.Cell] {
    let values = curves.indices.flatMap { index in
      let point = point(index)
      let value = FigureTable.Cell(point?.y)
      return hasErrors[index] ? [value, .init(point?.error)] : [value]
    }
    return [.init(x)] + values + levels.map { .number($0.y) }
  }
}

extension LinePlot.Curve {
  fileprivate var hasErrors: Bool { points.contains { $0.error != 0 } }
}
