/// Points in the plane, as latents by their label.
public struct ScatterPlot: Hashable, Codable, Sendable {
  public struct Point: Hashable, Codable, Sendable {
    public var x: Double
    public var y: Double

    public init(x: Double, y: Double) {
      (self.x, self.y) = (x, y)
    }
  }

  public struct Series: Hashable, Codable, Sendable {
    public var name: String
    public var points: [Point]

    public init(name: String, points: [Point]) {
      (self.name, self.points) = (name, points)
    }
  }

  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  /// True if both axes are drawn to one scale; nil is false.
  public var hasEqualAxes: Bool?

  public init(xLabel: String, yLabel: String, series: [Series], hasEqualAxes: Bool? = nil) {
    (self.xLabel, self.yLabel, self.series) = (xLabel, yLabel, series)
    self.hasEqualAxes = hasEqualAxes
  }

  var table: FigureTable {
    FigureTable(
      columns: ["series", xLabel, yLabel],
      rows: series.flatMap { series in
        series.points.map { [.text(series.name), .number($0.x), .number($0.y)] }
      })
  }
}

// MARK: Drawing

extension ScatterPlot {
  /// More points than this hide one another; of more, every so many are drawn.
  private static let mostPoints = 4000

  /// The height of a plot whose axes are equal: its frame is about square.
  private static let equalHeight = 460.0

  var drawing: Drawing {
    var notDrawn = NotDrawn()
    let shown = series.map { series in
      series.points.filter { point in
        notDrawn.add([(point.x, false), (point.y, false)])
        return [point.x, point.y].allSatisfy { Scale.shows($0, isLogarithmic: false) }
      }
    }
    let all = shown.flatMap(\.self)
    guard !all.isEmpty else { return .empty }
    let step = (all.count + Self.mostPoints - 1) / Self.mostPoints
    let (frame, x) = hasEqualAxes == true ? equalAxes(all) : axes(all)
    var drawing = Drawing(height: hasEqualAxes == true ? Self.equalHeight : Frame.height)
    drawing.notes =
      (step > 1 ? ["One in \(step) points is drawn."] : [])
      + [notDrawn.note()].compactMap(\.self)
    drawing.add(frame.axes(xLabel: xLabel, frame.ticks(of: x)))
    for (index, points) in shown.enumerated() {
      let style = Palette.Style(index)
      let drawn = points.enumerated().filter { $0.offset % step == 0 }.map(\.element)
      let marks = drawn.map { point in
        Drawing.Mark(
          x: x.place(point.x), y: frame.y.place(point.y),
          text: "\(Numbers.short(point.x)), \(Numbers.short(point.y))")
      }
      drawing.add(
        series: series[index].name, style: style, swatch: [style.swatch],
        [.markers(style.marker, at: marks.map { Place(x: $0.x, y: $0.y) })], marks: marks)
    }
    return drawing
  }

  private func axes(_ points: [Point]) -> (frame: Frame, x: Scale) {
    let frame = Frame(yLabel: yLabel) {
      Scale(points.map(\.y), isLogarithmic: false, from: $0, to: $1)
    }
    return (frame, frame.x(points.map(\.x), isLogarithmic: false))
  }

  /// Axes on which a unit is as long to the right as it is upwards.
  func equalAxes(_ points: [Point], tries: Int = 8) -> (frame: Frame, x: Scale) {
    let (first, x) = axes(points)
    func frame(_ length: Double) -> Frame {
      Frame(yLabel: yLabel, height: Self.equalHeight) {
        Scale(points.map(\.y), isLogarithmic: false, from: $0, to: $1).widened(to: length)
      }
    }
    /// The upright axis's length with which the other shows all points.
    func needed(_ frame: Frame) -> Double {
      (x.high - x.low) / frame.span * (frame.bottom - frame.top)
    }
    var length = first.y.high - first.y.low
    var found = frame(length)
    // Ticks of a longer axis may take more room: then the frame is narrower, and all is tried again.
    for _ in 0..<tries where needed(found) > length * (1 + 1e-9) {
      length = needed(found)
      found = frame(length)
    }
    if needed(found) > length * (1 + 1e-9) {
      // No ticks take half of the width.
      length = 2 * needed(found)
      found = frame(length)
    }
    let wide = length / (found.bottom - found.top) * found.span
    return (found, found.x(points.map(\.x), isLogarithmic: false).widened(to: wide))
  }
}
