extension LinePlot {
  /// More series than this have their names beside their ends: nobody finds a curve by a long legend.
  private static let mostInLegend = 8
  /// The height of a name beside a curve.
  private static let nameHeight = 14.0

  private func shows(_ point: Point) -> Bool {
    Scale.shows(point.x, isLogarithmic: xIsLogarithmic)
      && Scale.shows(point.y, isLogarithmic: yIsLogarithmic)
      && Scale.shows(point.error, isLogarithmic: false)
  }

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
    let names = curves.map(\.name) + shownLevels.map(\.name)
    let isCrowded = names.count > Self.mostInLegend
    let widest = names.map { textWidth($0, size: EndLabels.size) }.max() ?? 0
    let room = Self.nameHeight * Double(names.count) + 62
    var drawing = Drawing(height: isCrowded ? max(Frame.height, room) : Frame.height)
    drawing.namesItsSeries = isCrowded
    let frame = Frame(
      yLabel: yLabel, height: drawing.height,
      margin: isCrowded ? min(widest, 140) + EndLabels.gap : 12
    ) { Scale(own.y + other.y, isLogarithmic: yIsLogarithmic, from: $0, to: $1) }
    let x = frame.x(own.x + other.x, isLogarithmic: xIsLogarithmic)
    drawing.add(frame.axes(xLabel: xLabel, frame.ticks(of: x)))
    let drawn = shown.map { Self.thinned($0, along: x) }
    drawing.notes = notes(isThinned: zip(drawn, shown).contains { $0.count < $1.count })
    var labels: EndLabels?
    if isCrowded {
      let ends =
        drawn.map { points in
          points.max { $0.x < $1.x }.map { Place(x: x.place($0.x), y: frame.y.place($0.y)) }
        } + shownLevels.map { Place(x: frame.right, y: frame.y.place($0.y)) }
      let markers = names.indices.map { Palette.Style($0).marker }
      labels = EndLabels(names, markers: markers, ends, in: frame, height: Self.nameHeight)
    }
    for (index, points) in drawn.enumerated() {
      add(curves[index], points, at: index, frame, x, labels?.shapes[index] ?? [], to: &drawing)
    }
    for (index, level) in shownLevels.enumerated() {
      let place = curves.count + index
      add(level, Palette.Style(place), frame, labels?.shapes[place] ?? [], to: &drawing)
    }
    return drawing
  }

  private func notes(isThinned: Bool) -> [String] {
    var notDrawn = NotDrawn()
    for point in curves.flatMap(\.points) {
      notDrawn.add([(point.x, xIsLogarithmic), (point.y, yIsLogarithmic)], error: point.error)
    }
    return
      (isThinned
      ? ["Of many points at about the same place, the least and the largest are drawn."] : [])
      + [notDrawn.note(meaning: missing)].compactMap(\.self)
  }

  private func add(
    _ level: Level, _ style: Palette.Style, _ frame: Frame, _ name: [Shape],
    to drawing: inout Drawing
  ) {
    let (low, high) = (frame.y.place(level.y - level.error), frame.y.place(level.y + level.error))
    let middle = frame.y.place(level.y)
    let stroke = Stroke(width: 1.5, dash: [6, 4])
    let error = level.error > 0 ? " ± \(Numbers.short(level.error))" : ""
    let band = Path(x: frame.left, y: high, width: frame.span, height: max(low - high, 0))
    let line = Path(from: Place(x: frame.left, y: middle), to: Place(x: frame.right, y: middle))
    drawing.add(
      series: level.name, style: style, swatch: [.line(Self.swatchLine, stroke)],
      [.area(band, opacity: 0.18), .line(line, stroke)] + name,
      marks: [
        .init(x: frame.right, y: middle, text: "\(Numbers.short(level.y))\(error)")
      ])
  }

  private static let swatchLine = Path(from: Place(x: 0, y: 6), to: Place(x: 26, y: 6))

  private func add(
    _ curve: Curve, _ points: [Point], at index: Int, _ frame: Frame, _ x: Scale, _ name: [Shape],
    to drawing: inout Drawing
  ) {
    let style = Palette.Style(index, color: curve.color, isDashed: curve.dashed)
    let places = points.map { Place(x: x.place($0.x), y: frame.y.place($0.y)) }
    let stroke = Stroke(width: drawing.namesItsSeries ? 1.3 : 1.8, dash: style.dash)
    var bars = Path()
    for (place, point) in zip(places, points) where point.error > 0 {
      bars.move(place.x, frame.y.place(point.y - point.error))
      bars.line(place.x, frame.y.place(point.y + point.error))
    }
    var shapes = places.isEmpty ? [] : [Shape.line(Path(places), stroke)]
    if !bars.steps.isEmpty {
      shapes.append(.line(bars, opacity: drawing.namesItsSeries ? 0.4 : 1))
    }
    if !places.isEmpty { shapes.append(.markers(style.marker, at: Self.spaced(places))) }
    let marks = zip(places, points).map { place, point in
      let error = point.error > 0 ? " ± \(Numbers.short(point.error))" : ""
      return Drawing.Mark(
        x: place.x, y: place.y,
        text: "\(xLabel) \(Numbers.short(point.x)): \(Numbers.short(point.y))\(error)")
    }
    drawing.add(
      series: curve.name, style: style, swatch: [.line(Self.swatchLine, stroke), style.swatch],
      shapes + name, marks: marks)
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
  private static func spaced(_ places: [Place]) -> [Place] {
    guard places.count > 24 else { return places }
    var last = -Double.infinity
    return places.filter { place in
      guard abs(place.x - last) >= 14 else { return false }
      last = place.x
      return true
    }
  }
}
