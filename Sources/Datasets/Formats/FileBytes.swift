import Files
import Foundation

/// A file that is read at any place, or bytes in memory in its stead.
public final class FileBytes {
  /// The file's path, as errors name it.
  public let name: String
  public let count: Int
  private let file: OpenFile?
  private let memory: [UInt8]

  public init(path: String) throws(FileAccessError) {
    name = path
    memory = []
    // What is not a file of bytes, as a pipe, has no places and may never answer.
    let file = try OpenFile(path, mustBePlain: true)
    (self.file, count) = (file, file.size)
  }

  public init(_ bytes: [UInt8], name: String) {
    self.name = name
    memory = bytes
    count = bytes.count
    file = nil
  }

  /// Up to so many bytes from a place on; fewer only at the end of the file.
  func read(at offset: Int, _ count: Int) throws(FormatError) -> [UInt8] {
    guard offset >= 0, offset < self.count, count > 0 else { return [] }
    let wanted = min(count, self.count - offset)
    defer { Reading.tell(name, .bytes, offset + wanted, of: self.count) }
    guard let file else { return Array(memory[offset..<offset + wanted]) }
    do {
      return try file.read(at: offset, wanted)
    } catch {
      throw FormatError(file: name, offset: offset, problem: error.description)
    }
  }

  /// A reader of a part of the file.
  func reader(_ range: Range<Int>? = nil) -> ByteReader {
    let range = range ?? 0..<count
    var offset = range.lowerBound
    return ByteReader(file: name, offset: offset, remaining: range.count) {
      () throws(FormatError) in
      let piece = try self.read(at: offset, min(1 << 18, range.upperBound - offset))
      offset += piece.count
      return piece
    }
  }
}

/// Bytes that are read forwards, a piece at a time, and their place for errors.
final class ByteReader {
  /// The name of the bytes in errors.
  let file: String
  private(set) var offset: Int
  /// The number of bytes left, where that is known beforehand.
  private(set) var remaining: Int?
  /// Delivers further bytes; none at the end.
  private let refill: () throws(FormatError) -> [UInt8]
  private var buffer: [UInt8] = []
  private var position = 0

  init(
    file: String, offset: Int = 0, remaining: Int? = nil,
    refill: @escaping () throws(FormatError) -> [UInt8]
  ) {
    self.file = file
    self.offset = offset
    self.remaining = remaining
    self.refill = refill
  }

  func problem(_ text: String) -> FormatError {
    FormatError(file: file, offset: offset, problem: text)
  }

  /// The next bytes without taking them: so many, or fewer at the end.
  func peek(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
    while buffer.count - position < count {
      let piece = try refill()
      if piece.isEmpty { break }
      buffer.removeFirst(position)
      position = 0
      buffer += piece
    }
    return buffer[position..<min(position + count, buffer.count)]
  }

  /// Whatever is at hand, up to so many bytes; none at the end.
  func some(_ most: Int = .max) throws(FormatError) -> ArraySlice<UInt8> {
    if position == buffer.count {
      buffer = try refill()
      position = 0
    }
    let piece = buffer[position..<position + min(most, buffer.count - position)]
    advance(piece.count)
    return piece
  }

  private func advance(_ count: Int) {
    position += count
    offset += count
    remaining = remaining.map { $0 - count }
  }

  /// Exactly so many bytes of something.
  func bytes(_ count: Int, _ what: String) throws(FormatError) -> [UInt8] {
    let slice = try peek(count)
    guard slice.count == count else {
      throw problem("it is cut off: \(what) needs \(count) bytes, \(slice.count) are left.")
    }
    let result = Array(slice)
    advance(count)
    return result
  }

  /// Passes exactly so many bytes on, in pieces.
  func pieces(
    _ count: Int, _ what: String, _ body: (ArraySlice<UInt8>) throws(FormatError) -> Void
  ) throws(FormatError) {
    if let remaining, remaining < count {
      throw problem("it is cut off: \(what) needs \(count) bytes, \(remaining) are left.")
    }
    var left = count
    while left > 0 {
      let piece = try some(left)
      guard !piece.isEmpty else {
        throw problem("it is cut off: \(what) needs \(count) bytes, \(left) are missing.")
      }
      try body(piece)
      left -= piece.count
    }
  }

  func skip(_ count: Int, _ what: String) throws(FormatError) {
    try pieces(count, what) { _ in }
  }

  /// Checks that nothing follows.
  func expectEnd(after what: String) throws(FormatError) {
    guard try peek(1).isEmpty else { throw problem("expected the end after \(what), found more.") }
  }
}
