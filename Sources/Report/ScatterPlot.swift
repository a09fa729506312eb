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

  public init(xLabel: String, yLabel: String, series: [Series]) {
    (self.xLabel, self.yLabel, self.series) = (xLabel, yLabel, series)
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

  var drawing: Drawing {
    let shown = series.map { series in
      series.points.filter {
        Scale.shows($0.x, isLogarithmic: false) && Scale.shows($0.y, isLogarithmic: false)
      }
    }
    let all = shown.flatMap(\.self)
    guard !all.isEmpty else { return .empty }
    let frame = Frame(yLabel: yLabel, all.map(\.y), isLogarithmic: false)
    let x = frame.x(all.map(\.x), isLogarithmic: false)
    let step = (all.count + Self.mostPoints - 1) / Self.mostPoints
    var drawing = Drawing()
    if step > 1 { drawing.note = "One in \(step) points is drawn." }
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
        series: series[index].name, style: style, swatch: style.markers([(13, 6)]),
        [style.markers(marks.map { ($0.x, $0.y) })], marks: marks)
    }
    return drawing
  }
}
