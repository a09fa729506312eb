import Files
import Foundation

/// Pictures in rows and columns, of which some have axes.
public struct PanelGrid: Hashable, Codable, Sendable {
  /// The values that an axis goes through.
  public struct Reach: Hashable, Codable, Sendable {
    public var low: Double
    public var high: Double

    public init(low: Double, high: Double) {
      (self.low, self.high) = (low, high)
    }

    fileprivate var isDrawn: Bool { low < high && max(abs(low), abs(high)) < 1e150 }
  }

  public struct Panel: Hashable, Codable, Sendable {
    /// A file in the PNG format, as wide as high.
    public var png: Data
    /// The values from its left to its right; nil for a panel without axes.
    public var x: Reach?
    /// The values from its bottom to its top.
    public var y: Reach?

    public init(png: Data, x: Reach? = nil, y: Reach? = nil) {
      (self.png, self.x, self.y) = (png, x, y)
    }

    /// A panel of grey levels.
    ///
    /// - Parameters:
    ///   - grey: Grey levels from 0 to 1, row by row; values beyond are clipped.
    ///   - width: The width of a row.
    ///   - x: The values from its left to its right; nil for a panel without axes.
    ///   - y: The values from its bottom to its top.
    public init(
      grey: [Float], width: Int, x: Reach? = nil, y: Reach? = nil
    ) throws(FileAccessError) {
      let image = PNGImage(width: width, height: grey.count / max(width, 1), grey: grey)
      self.init(png: try image.file(), x: x, y: y)
    }

    fileprivate var hasAxes: Bool { x?.isDrawn == true && y?.isDrawn == true }
  }

  public var xLabel: String
  public var yLabel: String
  /// The headings of the columns.
  public var columns: [String]
  public var rows: [[Panel]]
  /// The numbers measured of the panels; nil where there is nothing to read but the pictures.
  public var table: FigureTable?

  public init(
    xLabel: String, yLabel: String, columns: [String], rows: [[Panel]], table: FigureTable? = nil
  ) {
    (self.xLabel, self.yLabel, self.columns) = (xLabel, yLabel, columns)
    (self.rows, self.table) = (rows, table)
  }
}

// MARK: Drawing

extension PanelGrid {
  private static let side = 110.0
  private static let top = 22.0
  /// The room below each row, for its ticks.
  private static let foot = 26.0
  /// The room before a panel that has ticks of its own.
  private static let margin = 54.0
  private static let tickSize = 11.0

  /// True if a panel's ticks stand beside it: those of the panel before it are others.
  private func hasTicks(_ row: [Panel], _ column: Int) -> Bool {
    row[column].hasAxes
      && !(column > 0 && row[column - 1].hasAxes && row[column - 1].y == row[column].y)
  }

  /// The left edges of the columns, and the right end of the last.
  private var edges: [Double] {
    var edges: [Double] = []
    var x = 34.0
    for column in 0..<(rows.map(\.count).max() ?? 0) {
      let isWide = rows.contains { $0.indices.contains(column) && hasTicks($0, column) }
      x += isWide ? Self.margin : 10
      edges.append(x)
      x += Self.side
    }
    return edges + [x]
  }

  var drawing: Drawing {
    guard rows.contains(where: { !$0.isEmpty }) else { return .empty }
    let edges = edges
    let step = Self.side + Self.foot
    let bottom = Self.top + step * Double(rows.count)
    var drawing = Drawing(
      width: max(Frame.width, (edges.last ?? 0) + 14), height: bottom + 24)
    for (name, left) in zip(columns, edges.dropLast()) {
      drawing.add([
        .text(
          shortened(name, to: Self.side + 10, size: 12), x: left + Self.side / 2, y: 14,
          anchor: .middle, size: 12)
      ])
    }
    for (index, row) in rows.enumerated() {
      let top = Self.top + step * Double(index)
      for (column, panel) in row.enumerated() {
        let corner = Place(x: edges[column], y: top)
        drawing.add([
          .image(
            Shape.Pixels(png: panel.png, place: corner, width: Self.side, height: Self.side)),
          .line(Path(x: corner.x, y: corner.y, width: Self.side, height: Self.side)),
        ])
        if panel.hasAxes {
          drawing.add(axes(panel, at: corner, hasTicks: hasTicks(row, column)))
        }
      }
    }
    drawing.add(names(edges, bottom))
    return drawing
  }

  private func axes(_ panel: Panel, at corner: Place, hasTicks: Bool) -> [Shape] {
    guard let xReach = panel.x, let yReach = panel.y else { return [] }
    let (right, bottom) = (corner.x + Self.side, corner.y + Self.side)
    let x = Scale(low: xReach.low, high: xReach.high, from: corner.x, to: right)
    let y = Scale(low: yReach.low, high: yReach.high, from: bottom, to: corner.y)
    // A number has room between the one before it and the panel beside.
    var end = corner.x - 8
    let below = x.ticks(atMost: 5).flatMap { value, text -> [Shape] in
      let place = x.place(value)
      let mark = Path(from: Place(x: place, y: bottom), to: Place(x: place, y: bottom + 4))
      let half = textWidth(text, size: Self.tickSize) / 2
      guard place - half > end + 3, place + half < right + 5 else { return [.line(mark)] }
      end = place + half
      return [
        .line(mark),
        .text(text, x: place, y: bottom + 15, anchor: .middle, size: Self.tickSize),
      ]
    }
    let beside = y.ticks(atMost: 5).flatMap { value, text -> [Shape] in
      let place = y.place(value)
      return [
        .line(Path(from: Place(x: corner.x - 4, y: place), to: Place(x: corner.x, y: place))),
        .text(text, x: corner.x - 7, y: place + 3.5, anchor: .end, size: Self.tickSize),
      ]
    }
    return below + (hasTicks ? beside : [])
  }

  /// The axes' names, along the columns that have axes.
  private func names(_ edges: [Double], _ bottom: Double) -> [Shape] {
    let columns = rows.flatMap { row in row.indices.filter { row[$0].hasAxes } }
    guard let first = columns.min(), let last = columns.max() else { return [] }
    return [
      .text(
        xLabel, x: (edges[first] + edges[last] + Self.side) / 2, y: bottom + 14, anchor: .middle,
        hasSubscripts: true),
      Frame.upright(
        yLabel, x: edges[first] - 40, middle: (Self.top + bottom - Self.foot) / 2,
        length: bottom - Self.top),
    ]
  }
}
