import CZlib
import Foundation

/// Files of every format, made byte by byte.
enum FileBuilder {
  // MARK: Compression

  /// Wrapped as gzip (31), zlib (15) or not at all (-15).
  static func deflate(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
    var stream = z_stream()
    precondition(iwae_deflate_begin(&stream, 6, windowBits) == Z_OK)
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 200)
    let size = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        precondition(CZlib.deflate(&stream, Z_FINISH) == Z_STREAM_END)
        return target.count - Int(stream.avail_out)
      }
    }
    return Array(output.prefix(size))
  }

  static func gzip(_ bytes: [UInt8]) -> [UInt8] { deflate(bytes, windowBits: 31) }

  /// A PNG file with the checksum of each chunk as it should be, without which nothing else
  /// is read.
  static func resummed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = position + 8 + length
      guard end + 4 <= bytes.count else { break }
      let sum = checksum(Array(bytes[position + 4..<end]))
      bytes.replaceSubrange(end..<end + 4, with: big(Int(sum), 4))
      position = end + 4
    }
    return bytes
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    UInt32(CZlib.crc32(0, bytes, UInt32(bytes.count)))
  }

  // MARK: Numbers

  static func little(_ value: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func big(_ value: Int, _ width: Int) -> [UInt8] { little(value, width).reversed() }

  // MARK: IDX and NumPy

  static func idx(_ sizes: [Int], _ content: [UInt8], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(sizes.count)] + sizes.flatMap { big($0, 4) } + content
  }

  static func numPy(
    _ shape: [Int], type: String = "|u1", isFortran: Bool = false, _ content: [UInt8],
    version: UInt8 = 1
  ) -> [UInt8] {
    let sizes = shape.map { "\($0), " }.joined()
    let header =
      "{'descr': '\(type)', 'fortran_order': \(isFortran ? "True" : "False"), "
      + "'shape': (\(sizes)), }\n"
    let length = little(header.utf8.count, version == 1 ? 2 : 4)
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + content
  }

  // MARK: ZIP

  static func zip(_ files: [(name: String, content: [UInt8])], isDeflated: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var directory: [UInt8] = []
    for file in files {
      let packed = isDeflated ? deflate(file.content, windowBits: -15) : file.content
      let name = Array(file.name.utf8)
      let common =
        little(20, 2) + little(0, 2) + little(isDeflated ? 8 : 0, 2) + little(0, 4)
        + little(Int(checksum(file.content)), 4) + little(packed.count, 4)
        + little(file.content.count, 4) + little(name.count, 2)
      directory += [0x50, 0x4b, 1, 2, 20, 0] + common + little(0, 2)
      directory += little(0, 8) + little(0, 2) + little(result.count, 4) + name
      result += [0x50, 0x4b, 3, 4] + common + little(0, 2) + name + packed
    }
    let start = result.count
    return result + directory + [0x50, 0x4b, 5, 6] + little(0, 4) + little(files.count, 2)
      + little(files.count, 2) + little(directory.count, 4) + little(start, 4) + little(0, 2)
  }

  // MARK: MATLAB

  struct Variable {
    var name: String
    var shape: [Int]
    /// MATLAB's number of the class: 6 for double, 9 for uint8.
    var classCode = 9
    var flags = 0
    /// The number of the type in which the numbers are written.
    var typeCode = 2
    /// Column by column.
    var content: [UInt8]
  }

  static func matlab(
    _ variables: [Variable], isCompressed: Bool, isBigEndian: Bool = false
  ) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] { isBigEndian ? big(value, 4) : little(value, 4) }
    func element(_ type: Int, _ content: [UInt8]) -> [UInt8] {
      let padding = [UInt8](repeating: 0, count: (8 - content.count % 8) % 8)
      return word(type) + word(content.count) + content + padding
    }
    let text = "MATLAB 5.0 MAT-file, made by a test"
    var result = Array(text.utf8) + [UInt8](repeating: 0x20, count: 124 - text.utf8.count)
    result += isBigEndian ? [1, 0] + Array("MI".utf8) : [0, 1] + Array("IM".utf8)
    for variable in variables {
      let name = Array(variable.name.utf8)
      var array = element(6, word(variable.classCode | variable.flags << 8) + word(0))
      array += element(5, variable.shape.flatMap(word))
      // Names of up to four letters lie in the tag itself.
      if name.count <= 4 {
        array += word(name.count << 16 | 1) + name + [UInt8](repeating: 0, count: 4 - name.count)
      } else {
        array += element(1, name)
      }
      array += element(variable.typeCode, variable.content)
      let matrix = word(14) + word(array.count) + array
      let packed = deflate(matrix, windowBits: 15)
      result += isCompressed ? word(15) + word(packed.count) + packed : matrix
    }
    return result
  }

  // MARK: PNG

  static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return big(content.count, 4) + body + big(Int(checksum(body)), 4)
  }

  /// - Parameters:
  ///   - rows: The bytes of each row, without filters.
  ///   - color: PNG's type of colour: 0 for grey, 2 for red, green and blue, 3 for a palette.
  ///   - extra: Chunks before the pixels.
  static func png(
    _ rows: [[UInt8]], width: Int, depth: UInt8 = 8, color: UInt8 = 0, extra: [UInt8] = []
  ) -> [UInt8] {
    let header = big(width, 4) + big(rows.count, 4) + [depth, color, 0, 0, 0]
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header) + extra
      + chunk("IDAT", deflate(rows.flatMap { [0] + $0 }, windowBits: 15)) + chunk("IEND", [])
  }
}

extension [Float] {
  /// The bytes of each number, the lowest first.
  var bytes: [UInt8] { flatMap { FileBuilder.little(Int($0.bitPattern), 4) } }
}

extension [Double] {
  var bytes: [UInt8] { flatMap { FileBuilder.little(Int(bitPattern: UInt($0.bitPattern)), 8) } }
}

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-data-\(UUID())").path

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, and the folders above it.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: file).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}
