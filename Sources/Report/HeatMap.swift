import Foundation

/// A value for each pair of a row and a column, as colour and as number.
public struct HeatMap: Hashable, Codable, Sendable {
  public var xLabel: String
  public var yLabel: String
  public var valueLabel: String
  public var columns: [String]
  public var rows: [String]
  /// `values[row][column]`; nil where there is none.
  public var values: [[Double?]]
  /// True if the lowest value is the best.
  public var lowIsGood: Bool
  public var showsNumbers: Bool

  public init(
    xLabel: String, yLabel: String, valueLabel: String, columns: [String], rows: [String],
    values: [[Double?]], lowIsGood: Bool = false, showsNumbers: Bool = true
  ) {
    (self.xLabel, self.yLabel, self.valueLabel) = (xLabel, yLabel, valueLabel)
    (self.columns, self.rows, self.values) = (columns, rows, values)
    (self.lowIsGood, self.showsNumbers) = (lowIsGood, showsNumbers)
  }

  private func value(_ row: Int, _ column: Int) -> Double? {
    guard values.indices.contains(row), values[row].indices.contains(column) else { return nil }
    return values[row][column]
  }

  var table: FigureTable {
    FigureTable(
      columns: ["\(yLabel) \\ \(xLabel)"] + columns,
      rows: rows.indices.map { row in
        [.text(rows[row])] + columns.indices.map { .init(value(row, $0)) }
      })
  }
}

// MARK: Drawing

extension HeatMap {
  /// The places of the cells.
  private struct Layout {
    let left: Double
    let top = 30.0
    let cellWidth: Double
    let cellHeight: Double
    let columns: Int
    let rows: Int
    /// The height of the texts below the columns, which stand upright where they are too wide.
    let textHeight: Double

    init(_ map: HeatMap) {
      (columns, rows) = (map.columns.count, map.rows.count)
      left = 40 + min(map.rows.map { textWidth($0) }.max() ?? 0, 130)
      let least = map.showsNumbers ? 54.0 : 9
      cellWidth = max(least, (Frame.width - 12 - left) / Double(columns))
      cellHeight = map.showsNumbers ? 30 : min(30, max(9, 240 / Double(rows)))
      let widest = map.columns.map { textWidth($0) }.max() ?? 0
      textHeight = widest + 6 <= cellWidth ? 18 : min(widest, 110) + 8
    }

    var isUpright: Bool { textHeight > 18 }
    var right: Double { left + cellWidth * Double(columns) }
    var bottom: Double { top + cellHeight * Double(rows) }
    var width: Double { max(Frame.width, right + 12) }
    var height: Double { bottom + textHeight + 26 + 34 }
  }

  var drawing: Drawing {
    let known = values.joined().compactMap(\.self).filter { Scale.shows($0, isLogarithmic: false) }
    guard let low = known.min(), let high = known.max(), !rows.isEmpty, !columns.isEmpty else {
      return .empty
    }
    let layout = Layout(self)
    var drawing = Drawing(width: layout.width, height: layout.height)
    drawing.add(labels(layout))
    var marks: [Drawing.Mark] = []
    for row in rows.indices {
      for column in columns.indices {
        guard let value = value(row, column), (low...high).contains(value) else { continue }
        let share = high > low ? (value - low) / (high - low) : 1
        let color = Shade(lowIsGood && high > low ? 1 - share : share)
        let isBest = value == (lowIsGood ? low : high)
        drawing.add(cell(row, column, color, showsNumbers ? value : nil, isBest, layout))
        marks.append(
          .init(
            x: layout.left + (Double(column) + 0.5) * layout.cellWidth,
            y: layout.top + (Double(row) + 0.5) * layout.cellHeight,
            text: "\(rows[row]), \(columns[column]): \(Numbers.short(value))"))
      }
    }
    drawing.add(bar(low, high, layout))
    drawing.add(marks: marks)
    return drawing
  }

  private func cell(
    _ row: Int, _ column: Int, _ color: Shade, _ number: Double?, _ isBest: Bool, _ layout: Layout
  ) -> [Shape] {
    let x = layout.left + Double(column) * layout.cellWidth
    let y = layout.top + Double(row) * layout.cellHeight
    var shapes = [
      Shape.area(
        Path(x: x, y: y, width: layout.cellWidth, height: layout.cellHeight),
        paint: .color(color.color), isCrisp: true)
    ]
    if isBest {
      shapes.append(
        .line(
          Path(
            x: x + 2, y: y + 2, width: layout.cellWidth - 4, height: layout.cellHeight - 4),
          Stroke(paint: .color(color.ink), width: 2)))
    }
    if let number {
      shapes.append(
        .text(
          Shape.Text(
            text: String(format: "%.4g", number),
            place: Place(x: x + layout.cellWidth / 2, y: y + layout.cellHeight / 2 + 4.5),
            anchor: .middle, isBold: isBest, paint: .color(color.ink))))
    }
    return shapes
  }
}

extension HeatMap {
  private func labels(_ layout: Layout) -> [Shape] {
    let hint = lowIsGood ? " (lower is better; the best is framed)" : " (the largest is framed)"
    let names: [Shape] = [
      .text(
        shortened(valueLabel + hint, to: layout.width - layout.left - 8), x: layout.left, y: 20,
        hasSubscripts: true),
      Frame.upright(
        yLabel, x: 16, middle: (layout.top + layout.bottom) / 2,
        length: layout.bottom - layout.top + 40),
      .text(
        shortened(xLabel, to: layout.right - layout.left), x: (layout.left + layout.right) / 2,
        y: layout.bottom + layout.textHeight + 16, anchor: .middle, hasSubscripts: true),
    ]
    let rowNames = every(layout.cellHeight, rows).map { row in
      Shape.text(
        shortened(rows[row], to: 130), x: layout.left - 6,
        y: layout.top + (Double(row) + 0.5) * layout.cellHeight + 4.5, anchor: .end)
    }
    return names + rowNames + columnNames(layout)
  }

  private func columnNames(_ layout: Layout) -> [Shape] {
    every(layout.isUpright ? layout.cellWidth : .infinity, columns).map { column in
      let x = layout.left + (Double(column) + 0.5) * layout.cellWidth
      guard layout.isUpright else {
        return .text(columns[column], x: x, y: layout.bottom + 16, anchor: .middle)
      }
      return .text(
        Shape.Text(
          text: shortened(columns[column], to: 110),
          place: Place(x: x + 4.5, y: layout.bottom + 6), anchor: .end, isUpright: true))
    }
  }

  /// The places of texts that have room: a line is 15 high.
  private func every(_ room: Double, _ texts: [String]) -> [Int] {
    stride(from: 0, to: texts.count, by: max(1, Int((15 / room).rounded(.up)))).map { $0 }
  }

  /// From colours to values.
  private func bar(_ low: Double, _ high: Double, _ layout: Layout) -> [Shape] {
    let (ends, steps, y) = ([low, high].map { Numbers.short($0) }, 24, layout.height - 20)
    let left = layout.left + textWidth(ends[0]) + 8
    let step = min(140, layout.width - left - textWidth(ends[1]) - 20) / Double(steps)
    let parts = (0..<steps).map { index in
      let share = Double(index) / Double(steps - 1)
      return Shape.area(
        Path(x: left + Double(index) * step, y: y, width: step + 0.5, height: 10),
        paint: .color(Shade(lowIsGood ? 1 - share : share).color))
    }
    let right = left + step * Double(steps) + 8
    return parts + [
      .text(ends[0], x: left - 8, y: y + 10, anchor: .end), .text(ends[1], x: right, y: y + 10),
    ]
  }
}

/// A colour between dark blue and pale yellow that grows lighter all the way.
private struct Shade {
  private static let stops: [(red: Double, green: Double, blue: Double)] = [
    (29, 36, 84), (40, 88, 134), (62, 142, 140), (142, 190, 122), (246, 232, 158),
  ]
  let color: Color

  /// - Parameter share: From 0 to 1.
  init(_ share: Double) {
    let position = min(max(share, 0), 1) * Double(Self.stops.count - 1)
    let index = min(Int(position), Self.stops.count - 2)
    let (first, second, part) = (Self.stops[index], Self.stops[index + 1], position - Double(index))
    func mix(_ a: Double, _ b: Double) -> Double { (a + (b - a) * part).rounded() }
    color = Color(
      red: mix(first.red, second.red), green: mix(first.green, second.green),
      blue: mix(first.blue, second.blue))
  }

  /// Black or white, whichever stands out; one of them does by 4.5 to 1, at least.
  var ink: Color {
    // WCAG's contrast is (L + 0.05) / (l + 0.05): as large with white as with black at 0.179.
    let light = color.shares.map(linear)
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179
      ? Color(hex: 0x000000) : Color(hex: 0xffffff)
  }

  /// Light from sRGB.
  private func linear(_ share: Double) -> Double {
    share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
  }
}
