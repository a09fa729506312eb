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

  public init(
    xLabel: String, yLabel: String, xIsLogarithmic: Bool = true, yIsLogarithmic: Bool = false,
    curves: [Curve], levels: [Level] = []
  ) {
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

// MARK: Drawing

extension LinePlot {
  /// Points that are not finite, or not positive on a logarithmic axis, are left out.
  private var shown: [[Point]] { curves.map { $0.points.filter(shows) } }
  private var shownLevels: [Level] {
    levels.filter { shows(Point(x: 1, y: $0.y, error: $0.error)) }
  }

  /// The values that its axes show.
  var reach: AxisReach {
    let points = Array(shown.joined())
    return AxisReach(
      x: points.map(\.x),
      y: points.flatMap { [$0.y - $0.error, $0.y + $0.error, $0.y] }
        + shownLevels.flatMap { [$0.y - $0.error, $0.y + $0.error, $0.y] })
  }

  func drawing(reaching other: AxisReach = AxisReach()) -> Drawing {
    let own = reach
    guard !own.y.isEmpty else { return .empty }
    let frame = Frame(yLabel: yLabel, own.y + other.y, isLogarithmic: yIsLogarithmic)
    let x = frame.x(own.x + other.x, isLogarithmic: xIsLogarithmic)
    var drawing = Drawing()
    drawing.add(frame.axes(xLabel: xLabel, frame.ticks(of: x)))
    for (index, points) in shown.enumerated() {
      let drawn = Self.thinned(points, along: x)
      if drawn.count < points.count {
        drawing.note =
          "Of many points at about the same place, the least and the largest are drawn."
      }
      add(curves[index], drawn, at: index, frame, x, to: &drawing)
    }
    for (index, level) in shownLevels.enumerated() {
      add(level, Palette.Style(curves.count + index), frame, to: &drawing)
    }
    return drawing
  }

  private func shows(_ point: Point) -> Bool {
    Scale.shows(point.x, isLogarithmic: xIsLogarithmic)
      && Scale.shows(point.y, isLogarithmic: yIsLogarithmic)
      && Scale.shows(point.error, isLogarithmic: false)
  }

  private func add(
    _ level: Level, _ style: Palette.Style, _ frame: Frame, to drawing: inout Drawing
  ) {
    let (low, high) = (frame.y.place(level.y - level.error), frame.y.place(level.y + level.error))
    let (left, middle) = (coordinate(frame.left), coordinate(frame.y.place(level.y)))
    let line = "stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\""
    let error = level.error > 0 ? " ± \(Numbers.short(level.error))" : ""
    drawing.add(
      series: level.name, style: style, swatch: "<path d=\"M0 6H26\" \(line)/>",
      [
        "<rect x=\"\(left)\" y=\"\(coordinate(high))\" width=\"\(coordinate(frame.span))\" "
          + "height=\"\(coordinate(max(low - high, 0)))\" fill=\"currentColor\" opacity=\"0.18\"/>",
        "<path d=\"M\(left) \(middle)H\(coordinate(frame.right))\" \(line)/>",
      ],
      marks: [
        .init(
          x: frame.right, y: frame.y.place(level.y), text: "\(Numbers.short(level.y))\(error)")
      ])
  }

  private func add(
    _ curve: Curve, _ points: [Point], at index: Int, _ frame: Frame, _ x: Scale,
    to drawing: inout Drawing
  ) {
    let style = Palette.Style(index, color: curve.color, isDashed: curve.dashed)
    let places = points.map { (x: x.place($0.x), y: frame.y.place($0.y)) }
    let line = "stroke=\"currentColor\" stroke-width=\"1.8\"\(style.dashAttribute)"
    let path = places.map { "\(coordinate($0.x)),\(coordinate($0.y))" }.joined(separator: " ")
    var parts = [
      "<polyline points=\"\(path)\" fill=\"none\" stroke-linejoin=\"round\" \(line)/>"
    ]
    let bars = zip(places, points).filter { $1.error > 0 }.map { place, point in
      let (low, high) = (point.y - point.error, point.y + point.error)
      return "M\(coordinate(place.x)) \(coordinate(frame.y.place(low)))"
        + "V\(coordinate(frame.y.place(high)))"
    }
    if !bars.isEmpty { parts.append("<path d=\"\(bars.joined())\" stroke=\"currentColor\"/>") }
    if !places.isEmpty { parts.append(style.markers(Self.spaced(places))) }
    let marks = zip(places, points).map { place, point in
      let error = point.error > 0 ? " ± \(Numbers.short(point.error))" : ""
      return Drawing.Mark(
        x: place.x, y: place.y,
        text: "\(xLabel) \(Numbers.short(point.x)): \(Numbers.short(point.y))\(error)")
    }
    drawing.add(
      series: curve.name, style: style,
      swatch: "<path d=\"M0 6H26\" \(line)/>" + style.markers([(13, 6)]), parts, marks: marks)
  }

  /// As many points as a picture can show: of those at about the same x, the least and the largest.
  private static func thinned(_ points: [Point], along x: Scale, most: Int = 600) -> [Point] {
    guard points.count > most else { return points }
    var result: [Point] = []
    var run: [Point] = []
    func column(_ point: Point) -> Int { Int(x.place(point.x) / (2 * Frame.width) * Double(most)) }
    func closeRun() {
      let order = run.indices.sorted { (run[$0].y, $0) < (run[$1].y, $1) }
      let ends = Set([order.first, order.last].compactMap(\.self))
      result += ends.sorted().map { run[$0] }
      run = []
    }
    for point in points {
      if let last = run.last, column(last) != column(point) { closeRun() }
      run.append(point)
    }
    closeRun()
    return result
  }

  /// Some of the places, so far apart that markers there do not hide the curve.
  private static func spaced(_ places: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard places.count > 24 else { return places }
    var last = -Double.infinity
    return places.filter { place in
      guard abs(place.x - last) >= 14 else { return false }
      last = place.x
      return true
    }
  }
}
