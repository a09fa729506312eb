/// Bars beside one another: a value of each unit, or a histogram.
public struct BarPlot: Hashable, Codable, Sendable {
  /// One value for each place along the axis.
  public struct Group: Hashable, Codable, Sendable {
    public var name: String
    public var values: [Double]
    /// The name of each bar, where groups have their own.
    public var labels: [String]?

    public init(name: String, values: [Double], labels: [String]? = nil) {
      (self.name, self.values, self.labels) = (name, values, labels)
    }

    fileprivate func label(_ index: Int) -> String? {
      guard let labels, labels.indices.contains(index) else { return nil }
      return labels[index]
    }
  }

  public var xLabel: String
  public var yLabel: String
  public var yIsLogarithmic: Bool
  public var groups: [Group]
  /// The labels below the bars; nil for their numbers from 0.
  public var labels: [String]?
  /// A line across, as that from which on a unit is active.
  public var threshold: Double?
  /// The values that all bars of a histogram share evenly: its axis has round numbers instead of the
  /// bars' labels.
  public var bins: Bins?

  /// The ends of a histogram.
  public struct Bins: Hashable, Codable, Sendable {
    public var low: Double
    public var high: Double

    public init(low: Double, high: Double) {
      (self.low, self.high) = (low, high)
    }
  }

  public init(
    xLabel: String, yLabel: String, groups: [Group], labels: [String]? = nil,
    threshold: Double? = nil, yIsLogarithmic: Bool = false, bins: Bins? = nil
  ) {
    (self.xLabel, self.yLabel, self.yIsLogarithmic) = (xLabel, yLabel, yIsLogarithmic)
    (self.groups, self.labels, self.threshold) = (groups, labels, threshold)
    self.bins = bins
  }

  private var count: Int { groups.map(\.values.count).max() ?? 0 }

  private func label(_ index: Int) -> String {
    guard let labels else { return "\(index)" }
    return labels.indices.contains(index) ? labels[index] : ""
  }

  var table: FigureTable {
    FigureTable(
      columns: [xLabel]
        + groups.flatMap { $0.labels == nil ? [$0.name] : ["\($0.name), label", $0.name] },
      rows: (0..<count).map { index in
        [.text(label(index))]
          + groups.flatMap { group -> [FigureTable.Cell] in
            let value = group.values.indices.contains(index) ? group.values[index] : nil
            let label = group.label(index).map { FigureTable.Cell.text($0) } ?? .missing
            return group.labels == nil ? [.init(value)] : [label, .init(value)]
          }
      })
  }
}

// MARK: Drawing

extension BarPlot {
  private func shows(_ value: Double) -> Bool {
    Scale.shows(value, isLogarithmic: yIsLogarithmic)
  }

  private var shownThreshold: Double? { threshold.flatMap { shows($0) ? $0 : nil } }

  /// The values that the bars' axis shows.
  var reach: AxisReach {
    AxisReach(y: (groups.flatMap(\.values) + [shownThreshold].compactMap(\.self)).filter(shows))
  }

  /// The value from which bars rise.
  private func base(_ values: [Double]) -> Double? {
    yIsLogarithmic ? Scale.powerOfTen(below: values) : 0
  }

  func drawing(reaching other: AxisReach = AxisReach()) -> Drawing {
    guard groups.contains(where: { $0.values.contains(where: shows) }) else { return .empty }
    let values = reach.y + other.y
    let base = base(values)
    // A threshold's number has room of its own beside the bars.
    let frame = Frame(
      yLabel: yLabel, margin: shownThreshold.map { textWidth(Numbers.short($0)) + 14 } ?? 12
    ) { Scale(values, isLogarithmic: yIsLogarithmic, from: $0, to: $1, base: base) }
    var drawing = Drawing()
    drawing.notes = notes(base)
    drawing.add(frame.axes(xLabel: xLabel, ticks(frame, frame.span / Double(count))))
    for (position, group) in groups.enumerated() { add(group, position, frame, to: &drawing) }
    if let line = shownThreshold { drawing.add(thresholdLine(line, frame)) }
    return drawing
  }

  private func notes(_ base: Double?) -> [String] {
    var notDrawn = NotDrawn()
    for value in groups.flatMap(\.values) { notDrawn.add([(value, yIsLogarithmic)]) }
    let start = yIsLogarithmic ? base.map { "Bars rise from \(Numbers.short($0))." } : nil
    return [start, notDrawn.note(of: "bar")].compactMap(\.self)
  }

  private func add(
    _ group: Group, _ position: Int, _ frame: Frame, to drawing: inout Drawing
  ) {
    let slot = frame.span / Double(count)
    // Bars touch where they would otherwise be thinner than what separates them.
    let width = slot / Double(groups.count) * (slot < 3 * Double(groups.count) ? 1 : 0.8)
    var path = Path()
    var marks: [Drawing.Mark] = []
    for (index, value) in group.values.enumerated() where shows(value) {
      let middle = frame.left + (Double(index) + 0.5) * slot
      let left = middle + (Double(position) - Double(groups.count) / 2) * width
      let height = frame.y.place(value)
      path.addRectangle(x: left, y: frame.y.base, width: width, height: height - frame.y.base)
      marks.append(
        .init(
          x: left + width / 2, y: height,
          text: (group.label(index).map { "\($0), " } ?? "")
            + "\(xLabel) \(label(index)): \(Numbers.short(value))"))
    }
    drawing.add(
      series: group.name, style: Palette.Style(position),
      swatch: [.area(Path(x: 6, y: 0, width: 14, height: 12))],
      path.steps.isEmpty ? [] : [.area(path)],
      marks: marks)
  }

  /// Labels below the bars, as many as have room; round numbers below a histogram.
  private func ticks(_ frame: Frame, _ slot: Double) -> [(place: Double, text: String)] {
    if let bins, bins.low < bins.high, [bins.low, bins.high].allSatisfy({ abs($0) < 1e150 }) {
      return frame.ticks(
        of: Scale(low: bins.low, high: bins.high, from: frame.left, to: frame.right))
    }
    let widest = (0..<count).map { textWidth(label($0)) }.max() ?? 0
    let wanted = min(widest, labels == nil ? widest : max(slot, 70)) + 8
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500].first { Double($0) * slot >= wanted }
    return stride(from: 0, to: count, by: step ?? count).map { index in
      (
        frame.left + (Double(index) + 0.5) * slot,
        shortened(label(index), to: Double(step ?? count) * slot - 8)
      )
    }
  }

  private func thresholdLine(_ value: Double, _ frame: Frame) -> [Shape] {
    let place = frame.y.place(value)
    let line = Path(from: Place(x: frame.left, y: place), to: Place(x: frame.right, y: place))
    return [
      // Ink alone would be lost on dark bars.
      .line(line, Stroke(paint: .paper, width: 5)),
      .line(line, Stroke(width: 1.5, dash: [6, 4])),
      .text(Numbers.short(value), x: frame.right + 6, y: place + 4.5),
    ]
  }
}
