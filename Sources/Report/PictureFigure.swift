import Foundation

/// A picture made of pixels.
public struct PictureFigure: Hashable, Codable, Sendable {
  /// A file in the PNG format.
  public var png: Data
  public var width: Int
  public var height: Int

  public init(png: Data, width: Int, height: Int) {
    (self.png, self.width, self.height) = (png, width, height)
  }

  /// The picture as an address that needs no other file.
  var address: String { "data:image/png;base64,\(png.base64EncodedString())" }

  /// As wide as plots are, for a document of its own.
  var drawing: Drawing {
    guard width > 0, height > 0, !png.isEmpty else { return .empty }
    let size = Frame.width - 24
    let scaled = size * Double(height) / Double(width)
    var drawing = Drawing(height: scaled + 4)
    drawing.add(
      "<image x=\"12\" width=\"\(coordinate(size))\" height=\"\(coordinate(scaled))\" "
        + "image-rendering=\"pixelated\" href=\"\(address)\"/>")
    return drawing
  }
}
