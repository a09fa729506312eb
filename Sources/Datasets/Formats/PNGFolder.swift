import CPNG
import Files
import Foundation

/// Grey images of one size in a folder: PNG files, or folders of them, each a class.
public struct PNGFolder {
  /// `(images, height, width)`, in the order of their names, numbers in names by value.
  public let images: NumberArray
  /// For each image the number of its folder, in the order of their names; nil without classes.
  public let labels: [Int]?
  public let classes: [String]

  /// - Parameters:
  ///   - path: The folder.
  ///   - limit: The most bytes that the pixels may take.
  public init(_ path: String, limit: Int) throws {
    let (files, classes) = try Self.files(in: path)
    guard let first = files.first else {
      throw FormatError(
        file: path, problem: "expected PNG files in the folder, or folders of them, found none.")
    }
    var pixels: [UInt8] = []
    var size: (width: Int, height: Int)?
    for (index, file) in files.enumerated() {
      let image = try Reading.observed(by: nil) {
        try PNGImage(try FileBytes(path: file.path), limit: limit, folder: path)
      }
      Reading.tell(path, .files, index + 1, of: files.count)
      if let size, size != (image.width, image.height) {
        throw FormatError(
          file: file.path,
          problem: "expected \(size.width) by \(size.height) pixels as in "
            + "'\(URL(fileURLWithPath: first.path).lastPathComponent)', found \(image.width) by "
            + "\(image.height).")
      }
      size = (image.width, image.height)
      pixels += image.pixels
      guard pixels.count <= limit else {
        throw FormatError(
          file: path,
          problem: "its \(files.count) images take more than the \(limit) bytes that are allowed.")
      }
    }
    images = NumberArray(
      shape: [files.count, size?.height ?? 0, size?.width ?? 0], values: .bytes(pixels))
    labels = classes.isEmpty ? nil : files.map(\.label)
    self.classes = classes
  }

  /// True if there are PNG files in a folder, or in folders of it.
  static func hasPictures(_ path: String) throws -> Bool { try !files(in: path).files.isEmpty }

  /// The images of a folder, each with the number of its class.
  private static func files(
    in path: String
  ) throws -> (files: [(path: String, label: Int)], classes: [String]) {
    var files: [(path: String, label: Int)] = try list(path, isFolder: false).map {
      ("\(path)/\($0)", 0)
    }
    var classes: [String] = []
    for folder in try list(path, isFolder: true) {
      let inside = try list("\(path)/\(folder)", isFolder: false)
      if inside.isEmpty { continue }
      guard files.isEmpty || !classes.isEmpty else {
        throw FormatError(
          file: path,
          problem: "there are PNG files in it and in its folder '\(folder)'; expected the one or "
            + "the other.")
      }
      files += inside.map { ("\(path)/\(folder)/\($0)", classes.count) }
      classes.append(folder)
    }
    return (files, classes)
  }

  /// The visible folders in a folder, or its PNG files.
  private static func list(_ path: String, isFolder: Bool) throws(FileAccessError) -> [String] {
    let wanted = try FileCalls.names(in: path).filter { name in
      var isDirectory: ObjCBool = false
      guard !name.hasPrefix("."),
        FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isDirectory)
      else { return false }
      return isDirectory.boolValue == isFolder && (isFolder || name.lowercased().hasSuffix(".png"))
    }
    let keyed: [(key: String, name: String)] = wanted.map { (sortingKey($0), $0) }
    return keyed.sorted { $0.key == $1.key ? $0.name < $1.name : $0.key < $1.key }.map(\.name)
  }

  /// A name whose numbers sort by value: digits are preceded by their count.
  private static func sortingKey(_ name: String) -> String {
    var key = ""
    var digits = ""
    for character in name + " " {
      if character.isASCII, character.isNumber {
        digits.append(character)
        continue
      }
      if !digits.isEmpty {
        let value = digits.drop { $0 == "0" }
        key += String(format: "%03d", min(value.count, 999)) + value
        digits = ""
      }
      key.append(character)
    }
    return key
  }
}

/// One grey image.
struct PNGImage {
  let width: Int
  let height: Int
  /// Grey levels, row by row.
  let pixels: [UInt8]

  private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  /// The chunks that say what the pixels are. All others are left out: what they claim of colour
  /// spaces must not change a pixel, and texts may be compressed bombs.
  private static let needed: Set<String> = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]

  static func isPNG(_ start: ArraySlice<UInt8>) -> Bool { start.starts(with: signature) }

  /// - Parameter folder: The folder of all images, for messages.
  init(_ file: FileBytes, limit: Int, folder: String = ".") throws(FormatError) {
    guard file.count <= limit else {
      throw FormatError(
        file: file.name,
        problem: "its \(file.count) bytes are more than the \(limit) that are allowed.")
    }
    let file = (name: file.name, bytes: try file.read(at: 0, file.count))
    let bytes = try Self.essential(file.bytes, file: file.name)
    // libpng keeps the pointer from one call to the next.
    self = try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
      try PNGImage(decoding: buffer, file: file.name, limit: limit, folder: folder)
    }
  }

  private init(
    decoding bytes: UnsafeBufferPointer<UInt8>, file: String, limit: Int, folder: String
  ) throws(FormatError) {
    func problem(_ text: String) -> FormatError { FormatError(file: file, problem: text) }
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
      throw problem("it is damaged (\(Self.message(&image))).")
    }
    (width, height) = (Int(image.width), Int(image.height))
    // Bounded by what libpng lets pass, so that the products cannot overflow.
    guard width * height * 4 <= limit else {
      throw problem(
        "\(width) by \(height) pixels take more than the \(limit) bytes that are allowed.")
    }
    guard image.format & UInt32(PNG_FORMAT_FLAG_LINEAR) == 0 else {
      throw problem("it has 16 bits a pixel; expected grey levels of 8 bits or fewer.")
    }
    let beyondGrey =
      PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA | PNG_FORMAT_FLAG_COLORMAP
    let isPlain = image.format & UInt32(beyondGrey) == 0
    // Red, green, blue and opacity, unless there is only grey.
    image.format = isPlain ? 0 : UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    var decoded = [UInt8](repeating: 0, count: width * height * (isPlain ? 1 : 4))
    guard png_image_finish_read(&image, nil, &decoded, 0, nil) != 0 else {
      throw problem("it is damaged (\(Self.message(&image))).")
    }
    if isPlain {
      pixels = decoded
      return
    }
    if let index = Self.colour(decoded) {
      throw problem(
        "pixel \(index) is coloured or transparent; expected grey images. ImageMagick makes them so: "
          + "cp -r \(quotedForShell(folder)) grey && find grey -iname '*.png' -exec mogrify "
          + "-colorspace Gray -background black -alpha remove -alpha off -depth 8 {} +")
    }
    pixels = stride(from: 0, to: decoded.count, by: 4).map { decoded[$0] }
  }

  /// The first pixel of red, green, blue and opacity that is not grey and opaque; nil if all are.
  private static func colour(_ bytes: [UInt8]) -> Int? {
    (0..<bytes.count / 4).first { index in
      let start = 4 * index
      return bytes[start] != bytes[start + 1] || bytes[start] != bytes[start + 2]
        || bytes[start + 3] != 255
    }
  }

  /// The file without the chunks that are not needed.
  private static func essential(_ bytes: [UInt8], file: String) throws(FormatError) -> [UInt8] {
    guard isPNG(bytes[...]) else { throw FormatError(file: file, problem: "it is not a PNG file.") }
    var result = signature
    var position = signature.count
    var isEnded = false
    while position < bytes.count, !isEnded {
      guard position + 12 <= bytes.count else { break }
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard position + 12 + length <= bytes.count else { break }
      let name = String(decoding: bytes[position + 4..<position + 8], as: UTF8.self)
      if needed.contains(name) { result += bytes[position..<position + 12 + length] }
      isEnded = name == "IEND"
      position += 12 + length
    }
    guard isEnded else {
      throw FormatError(file: file, offset: position, problem: "it is cut off.")
    }
    return result
  }

  private static func message(_ image: inout png_image) -> String {
    withUnsafeBytes(of: &image.message) { buffer in
      String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
