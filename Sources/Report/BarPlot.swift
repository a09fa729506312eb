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

  public init(
    xLabel: String, yLabel: String, groups: [Group], labels: [String]? = nil,
    threshold: Double? = nil, yIsLogarithmic: Bool = false
  ) {
    (self.xLabel, self.yLabel, self.yIsLogarithmic) = (xLabel, yLabel, yIsLogarithmic)
    (self.groups, self.labels, self.threshold) = (groups, labels, threshold)
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

  func drawing(reaching other: AxisReach = AxisReach()) -> Drawing {
    guard groups.contains(where: { $0.values.contains(where: shows) }) else { return .empty }
    let line = shownThreshold
    // A threshold's number has room of its own beside the bars.
    let frame = Frame(
      yLabel: yLabel, reach.y + other.y, isLogarithmic: yIsLogarithmic,
      base: yIsLogarithmic ? nil : 0,
      margin: line.map { textWidth(Numbers.short($0)) + 14 } ?? 12)
    let slot = frame.span / Double(count)
    // Bars touch where they would otherwise be thinner than what separates them.
    let width = slot / Double(groups.count) * (slot < 3 * Double(groups.count) ? 1 : 0.8)
    var drawing = Drawing()
    drawing.add(frame.axes(xLabel: xLabel, ticks(frame, slot)))
    for (position, group) in groups.enumerated() {
      let style = Palette.Style(position)
      var path = ""
      var marks: [Drawing.Mark] = []
      for (index, value) in group.values.enumerated() where shows(value) {
        let middle = frame.left + (Double(index) + 0.5) * slot
        let left = middle + (Double(position) - Double(groups.count) / 2) * width
        let height = frame.y.place(value)
        path +=
          "M\(coordinate(left)) \(coordinate(frame.y.base))V\(coordinate(height))"
          + "h\(fine(width))V\(coordinate(frame.y.base))z"
        marks.append(
          .init(
            x: left + width / 2, y: height,
            text: (group.label(index).map { "\($0), " } ?? "")
              + "\(xLabel) \(label(index)): \(Numbers.short(value))"))
      }
      drawing.add(
        series: group.name, style: style,
        swatch: "<rect x=\"6\" width=\"14\" height=\"12\" rx=\"2\" fill=\"currentColor\"/>",
        ["<path d=\"\(path)\" fill=\"currentColor\"/>"], marks: marks)
    }
    if let line { drawing.add(thresholdLine(line, frame)) }
    return drawing
  }

  /// Labels below the bars, as many as have room.
  private func ticks(_ frame: Frame, _ slot: Double) -> [(place: Double, text: String)] {
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

  private func thresholdLine(_ value: Double, _ frame: Frame) -> [String] {
    let place = frame.y.place(value)
    let line = "d=\"M\(coordinate(frame.left)) \(coordinate(place))H\(coordinate(frame.right))\""
    return [
      // Ink alone would be lost on dark bars.
      "<path class=\"halo\" \(line) stroke-width=\"5\"/>",
      "<path \(line) stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>",
      "<text x=\"\(coordinate(frame.right + 6))\" y=\"\(coordinate(place + 4.5))\">"
        + "\(Numbers.short(value))</text>",
    ]
  }

  private func fine(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
