import Foundation

/// A figure is a value: what it shows as numbers, from which a picture, a table and a description for
/// readers who do not see it are made.
public struct Figure: Hashable, Codable, Sendable {
  /// The name of its files, as `bounds`.
  public var name: String
  public var title: String
  /// A description for a reader who does not see it.
  public var summary: String
  /// A warning that is drawn below; nil for none.
  public var remark: String?
  public var content: Content

  public enum Content: Hashable, Sendable {
    case lines(LinePlot)
    case bars(BarPlot)
    case scatter(ScatterPlot)
    case heat(HeatMap)
    case picture(PictureFigure)
    case panels(PanelGrid)
  }

  public init(
    name: String, title: String, summary: String, remark: String? = nil, content: Content
  ) {
    (self.name, self.title, self.summary) = (name, title, summary)
    (self.remark, self.content) = (remark, content)
  }

  /// An SVG document that needs no other file and is read in light and dark.
  public var svg: String { sheet.svg }

  /// The document that becomes a file.
  var sheet: Sheet { Sheet(drawing, title: title, summary: summary) }

  /// The numbers behind the figure; none for a picture of which nothing was measured.
  public var table: FigureTable {
    switch content {
    case .lines(let plot): plot.table
    case .bars(let plot): plot.table
    case .scatter(let plot): plot.table
    case .heat(let map): map.table
    case .picture(let picture): picture.table ?? FigureTable(columns: [], rows: [])
    case .panels(let grid): grid.table ?? FigureTable(columns: [], rows: [])
    }
  }

  var drawing: Drawing { drawing(reaching: AxisReach()) }

  /// - Parameter reach: The values that the axes show besides the figure's own.
  func drawing(reaching reach: AxisReach) -> Drawing {
    var drawing: Drawing =
      switch content {
      case .lines(let plot): plot.drawing(reaching: reach)
      case .bars(let plot): plot.drawing(reaching: reach)
      case .scatter(let plot): plot.drawing
      case .heat(let map): map.drawing
      case .picture(let picture): picture.drawing
      case .panels(let grid): grid.drawing
      }
    drawing.notes += [remark].compactMap(\.self)
    return drawing
  }
}

/// One field that is called as the kind of the content.
extension Figure.Content: Codable {
  private enum Kind: String, CodingKey, CaseIterable {
    case lines, bars, scatter, heat, picture, panels
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Kind.self)
    guard let kind = fields.allKeys.first, fields.allKeys.count == 1 else {
      let names = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected the content to be one of \(names)"))
    }
    self =
      switch kind {
      case .lines: .lines(try fields.decode(LinePlot.self, forKey: kind))
      case .bars: .bars(try fields.decode(BarPlot.self, forKey: kind))
      case .scatter: .scatter(try fields.decode(ScatterPlot.self, forKey: kind))
      case .heat: .heat(try fields.decode(HeatMap.self, forKey: kind))
      case .picture: .picture(try fields.decode(PictureFigure.self, forKey: kind))
      case .panels: .panels(try fields.decode(PanelGrid.self, forKey: kind))
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Kind.self)
    switch self {
    case .lines(let plot): try fields.encode(plot, forKey: .lines)
    case .bars(let plot): try fields.encode(plot, forKey: .bars)
    case .scatter(let plot): try fields.encode(plot, forKey: .scatter)
    case .heat(let map): try fields.encode(map, forKey: .heat)
    case .picture(let picture): try fields.encode(picture, forKey: .picture)
    case .panels(let grid): try fields.encode(grid, forKey: .panels)
    }
  }
}
