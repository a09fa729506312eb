import Files
import Foundation

/// Grey images side by side, as one PNG file.
public struct ImageGrid: Sendable {
  /// Grey levels from 0 to 1, row by row.
  public private(set) var pixels: [Float]
  public let width: Int
  public let height: Int

  /// Places images of one size in rows, with a margin between them.
  ///
  /// - Parameters:
  ///   - images: Grey levels; values beyond 0 and 1 are clipped.
  ///   - imageWidth: The width of each image.
  ///   - columns: Images in a row.
  ///   - zoom: The pixels of the file for each pixel of an image.
  public init(_ images: [[Float]], imageWidth: Int, columns: Int, zoom: Int = 2) {
    let imageHeight = (images.first?.count ?? 0) / max(imageWidth, 1)
    let rows = (images.count + columns - 1) / max(columns, 1)
    let margin = 2
    let (cellWidth, cellHeight) = (imageWidth * zoom + margin, imageHeight * zoom + margin)
    width = columns * cellWidth + margin
    height = rows * cellHeight + margin
    pixels = Array(repeating: 0.35, count: width * height)
    for (index, image) in images.enumerated() {
      let left = index % columns * cellWidth + margin
      let top = index / columns * cellHeight + margin
      for y in 0..<imageHeight * zoom {
        for x in 0..<imageWidth * zoom {
          pixels[(top + y) * width + left + x] = image[y / zoom * imageWidth + x / zoom]
        }
      }
    }
  }

  /// The file's content.
  public func png() throws(FileAccessError) -> Data {
    try PNGImage(width: width, height: height, grey: pixels).file()
  }
}
