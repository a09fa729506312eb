import Files
import Foundation

/// A sheet as pixels: areas and lines with smooth edges, letters drawn with a pen.
struct Canvas {
  /// Pixels for a unit of a drawing: twice those of the SVG document in its own size.
  static let scale = 3.0
  private static let mostPixels = 1 << 24

  let width: Int
  let height: Int
  /// Red, green and blue from 0 to 255, row by row.
  private(set) var values: [Float]
  /// The place of the origin of the shapes, in units of the drawing.
  var origin = Place(x: 0, y: 0)
  /// The colour of what has no paint of its own.
  var current = Palette.light.ink

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    values = [Float](repeating: 255, count: 3 * width * height)
  }

  /// The content of a PNG file.
  static func file(_ sheet: Sheet) throws(FileAccessError) -> Data {
    let (width, height) = (
      Int((sheet.width * scale).rounded()), Int((sheet.height * scale).rounded())
    )
    guard width * height <= mostPixels else {
      throw FileAccessError(
        "A picture of \(width) by \(height) pixels is too large: at most \(mostPixels) pixels are "
          + "drawn. Choose a name that ends in .svg or .pdf, which have no such limit.")
    }
    var canvas = Canvas(width: width, height: height)
    canvas.draw(sheet.shapes)
    let bytes = canvas.values.map { UInt8(min(max($0.rounded(), 0), 255)) }
    return try PNGImage(width: width, height: height, isColored: true, bytes: bytes).file()
  }

  // MARK: Pixels

  /// Mixes a colour into a row of pixels.
  ///
  /// - Parameters:
  ///   - coverage: The covered shares of the pixels from the left one on.
  ///   - left: The first pixel.
  ///   - row: The row, from the top.
  ///   - color: The colour.
  ///   - opacity: The colour's share where all of a pixel is covered.
  mutating func mix(
    _ coverage: [Float], from left: Int, row: Int, _ color: Color, opacity: Double
  ) {
    let (red, green, blue) = (Float(color.red), Float(color.green), Float(color.blue))
    for (offset, share) in coverage.enumerated() where share > 0 {
      let part = min(share, 1) * Float(opacity)
      let index = 3 * (row * width + left + offset)
      values[index] += (red - values[index]) * part
      values[index + 1] += (green - values[index + 1]) * part
      values[index + 2] += (blue - values[index + 2]) * part
    }
  }

  /// Puts an image over a rectangle in units of the drawing: each pixel shows the nearest one of it.
  mutating func put(_ image: PNGImage, _ pixels: Shape.Pixels) {
    func pixel(_ value: Double) -> Int { Int((value * Self.scale).rounded()) }
    let (left, top) = (pixel(pixels.place.x + origin.x), pixel(pixels.place.y + origin.y))
    let right = pixel(pixels.place.x + origin.x + pixels.width)
    let bottom = pixel(pixels.place.y + origin.y + pixels.height)
    guard image.width > 0, image.height > 0, left < right, top < bottom else { return }
    let channels = image.isColored ? 3 : 1
    for y in max(top, 0)..<min(max(bottom, 0), height) {
      let row = (2 * (y - top) + 1) * image.height / (2 * (bottom - top))
      for x in max(left, 0)..<min(max(right, 0), width) {
        let column = (2 * (x - left) + 1) * image.width / (2 * (right - left))
        for channel in 0..<3 {
          let source = channels * (row * image.width + column) + (channels == 3 ? channel : 0)
          values[3 * (y * width + x) + channel] = Float(image.bytes[source])
        }
      }
    }
  }

  /// The colour of a pixel.
  func color(_ x: Int, _ y: Int) -> Color {
    let index = 3 * (y * width + x)
    return Color(
      red: Double(values[index]), green: Double(values[index + 1]),
      blue: Double(values[index + 2]))
  }
}
