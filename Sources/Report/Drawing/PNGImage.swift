import CPNG
import Files
import Foundation

/// Pixels as the PNG format keeps them, a byte for each of one or three channels.
struct PNGImage: Hashable {
  var width: Int
  var height: Int
  /// True for red, green and blue; false for grey.
  var isColored: Bool
  /// Row by row from the top.
  var bytes: [UInt8]

  /// A picture beyond this is not read.
  private static let mostPixels = 1 << 26

  init(width: Int, height: Int, isColored: Bool, bytes: [UInt8]) {
    (self.width, self.height) = (width, height)
    (self.isColored, self.bytes) = (isColored, bytes)
  }

  /// - Parameters:
  ///   - width: The pixels of a row.
  ///   - height: The rows.
  ///   - grey: Levels from 0 to 1; what is no number is black.
  init(width: Int, height: Int, grey: [Float]) {
    self.init(
      width: width, height: height, isColored: false,
      bytes: grey.map { $0.isNaN ? 0 : UInt8((min(max($0, 0), 1) * 255).rounded()) })
  }

  /// The pixels of a file, on white where it lets the background through; nil if it cannot be read.
  init?(file: Data) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    let pixels: (isColored: Bool, bytes: [UInt8])? = file.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress,
        png_image_begin_read_from_memory(&image, start, buffer.count) != 0,
        Int(image.width) * Int(image.height) <= Self.mostPixels
      else { return nil }
      let isColored = image.format & PNG_FORMAT_FLAG_COLOR != 0
      image.format = isColored ? PNG_FORMAT_FLAG_COLOR : 0
      let count = Int(image.width) * Int(image.height) * (isColored ? 3 : 1)
      var bytes = [UInt8](repeating: 255, count: count)
      return png_image_finish_read(&image, nil, &bytes, 0, nil) == 0 ? nil : (isColored, bytes)
    }
    guard let pixels else { return nil }
    (width, height) = (Int(image.width), Int(image.height))
    (isColored, bytes) = pixels
  }

  /// The content of a file.
  func file() throws(FileAccessError) -> Data {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(width)
    image.height = png_uint_32(height)
    image.format = isColored ? PNG_FORMAT_FLAG_COLOR : 0
    var size = 0
    guard png_image_write_to_memory(&image, nil, &size, 0, bytes, 0, nil) != 0 else {
      throw FileAccessError("The picture of \(width) by \(height) pixels could not be encoded.")
    }
    var data = Data(count: size)
    let isWritten = data.withUnsafeMutableBytes { buffer in
      png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, bytes, 0, nil)
    }
    guard isWritten != 0 else {
      throw FileAccessError("The picture of \(width) by \(height) pixels could not be encoded.")
    }
    return data.prefix(size)
  }

  /// A file as an address that needs no other.
  static func address(of file: Data) -> String {
    "data:image/png;base64,\(file.base64EncodedString())"
  }
}
