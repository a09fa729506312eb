/// Bars beside one another: a value of each unit, or a histogram.
public struct BarPlot: Hashable, Codable, Sendable {
  /// One value for each place along the axis.
  public struct Group: Hashable, Codable, Sendable {
    public var name: String
    public var values: [Double]

    public init(name: String, values: [Double]) {
      (self.name, self.values) = (name, values)
    }
  }

  public var xLabel: String
  public var yLabel: String
  public var yIsLogarithmic: Bool
  public var groups: [Group]
  /// What stands below the bars; their numbers from 0 where it is nil.
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
      columns: [xLabel] + groups.map(\.name),
      rows: (0..<count).map { index in
        [.text(label(index))]
          + groups.map { .init($0.values.indices.contains(index) ? $0.values[index] : nil) }
      })
  }
}

// MARK: Drawing

extension BarPlot {
  var drawing: Drawing {
    func shows(_ value: Double) -> Bool { Scale.shows(value, isLogarithmic: yIsLogarithmic) }
    let values = groups.flatMap(\.values).filter(shows)
    guard !values.isEmpty else { return .empty }
    let line = threshold.flatMap { shows($0) ? $0 : nil }
    let frame = Frame(
      yLabel: yLabel, values + [line].compactMap(\.self), isLogarithmic: yIsLogarithmic,
      base: yIsLogarithmic ? nil : 0)
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
            text: "\(xLabel) \(label(index)): \(Numbers.short(value))"))
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
    // Above the line, or below it where there is no room.
    let text = place - frame.top < 20 ? place + 16 : place - 6
    return [
      "<path d=\"M\(coordinate(frame.left)) \(coordinate(place))H\(coordinate(frame.right))\" "
        + "stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>",
      "<text x=\"\(coordinate(frame.right - 4))\" y=\"\(coordinate(text))\" text-anchor=\"end\">"
        + "\(Numbers.short(value))</text>",
    ]
  }

  private func fine(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
