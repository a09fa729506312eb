import Foundation

/// A picture made of pixels.
public struct PictureFigure: Hashable, Codable, Sendable {
  /// A file in the PNG format.
  public var png: Data
  public var width: Int
  public var height: Int
  /// The numbers measured of the picture; nil where there is nothing to read but the picture.
  public var table: FigureTable?

  public init(png: Data, width: Int, height: Int, table: FigureTable? = nil) {
    (self.png, self.width, self.height) = (png, width, height)
    self.table = table
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    png = try fields.decode(Data.self, forKey: .png)
    width = try fields.decode(Int.self, forKey: .width)
    height = try fields.decode(Int.self, forKey: .height)
    table = try fields.decodeIfPresent(FigureTable.self, forKey: .table)
    guard Self.sizes.contains(width), Self.sizes.contains(height) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected a width and a height of at most \(Self.sizes.upperBound) "
            + "pixels, found \(width) by \(height)"))
    }
  }

  private static let sizes = 0...1 << 20

  /// The picture as an address that needs no other file.
  var address: String { PNGImage.address(of: png) }

  /// As wide as plots are, for a document of its own.
  var drawing: Drawing {
    guard width > 0, height > 0, !png.isEmpty else { return .empty }
    let size = Frame.width - 24
    let scaled = size * Double(height) / Double(width)
    var drawing = Drawing(height: scaled + 4)
    drawing.add([
      .image(
        Shape.Pixels(png: png, place: Place(x: 12, y: 0), width: size, height: scaled))
    ])
    return drawing
  }
}
