import Files

/// A ZIP archive, which is what NumPy's `.npz` is: named files, stored or deflated.
public struct ZipArchive {
  /// One file of the archive.
  public struct Entry: Hashable, Sendable {
    public var name: String
    var method: Int
    var checksum: UInt
    var compressedSize: Int
    var size: Int
    /// The offset of its local header.
    var offset: Int
  }

  /// In the order of the archive's directory.
  public let entries: [Entry]
  private let file: FileBytes

  private static let endSize = 22
  private static let mostEntries = 1000

  static func isZip(_ start: ArraySlice<UInt8>) -> Bool {
    start.starts(with: [0x50, 0x4b, 3, 4]) || start.starts(with: [0x50, 0x4b, 5, 6])
  }

  /// Reads the directory at the end of the archive.
  public init(_ file: FileBytes) throws(FormatError) {
    self.file = file
    func problem(_ offset: Int?, _ text: String) -> FormatError {
      FormatError(file: file.name, offset: offset, problem: text)
    }
    // The end record is followed by a comment of at most 65,535 bytes.
    let tailStart = max(0, file.count - Self.endSize - 65_535)
    let tail = try file.read(at: tailStart, file.count - tailStart)
    guard
      let mark = stride(from: tail.count - Self.endSize, through: 0, by: -1).first(where: {
        tail[$0...].starts(with: [0x50, 0x4b, 5, 6])
      })
    else { throw problem(nil, "the archive's directory is missing: it is cut off.") }
    let count = littleEndian(tail, mark + 10, 2)
    let size = littleEndian(tail, mark + 12, 4)
    let start = littleEndian(tail, mark + 16, 4)
    guard count < 0xffff, size < 0xffff_ffff, start < 0xffff_ffff else {
      throw problem(
        tailStart + mark, "it is a ZIP64 archive; archives of more than 4 GiB are not read.")
    }
    guard count <= Self.mostEntries else {
      throw problem(
        tailStart + mark,
        "it has \(count) entries, more than the \(Self.mostEntries) that are read.")
    }
    guard start + size <= tailStart + mark else {
      throw problem(
        tailStart + mark,
        "its directory of \(count) entries and \(size) bytes at \(start) does not fit the file.")
    }
    entries = try Self.directory(try file.read(at: start, size), count: count, start: start, file)
    var end = 0
    for entry in entries.sorted(by: { $0.offset < $1.offset }) {
      guard entry.offset >= end else {
        throw problem(entry.offset, "'\(entry.name)' lies over another entry.")
      }
      end = entry.offset + 30 + entry.compressedSize
    }
  }

  private static func directory(
    _ bytes: [UInt8], count: Int, start: Int, _ file: FileBytes
  ) throws(FormatError) -> [Entry] {
    var entries: [Entry] = []
    var position = 0
    for _ in 0..<count {
      func problem(_ text: String) -> FormatError {
        FormatError(file: file.name, offset: start + position, problem: text)
      }
      guard position + 46 <= bytes.count, bytes[position...].starts(with: [0x50, 0x4b, 1, 2]) else {
        throw problem("expected an entry of the archive's directory.")
      }
      let nameLength = littleEndian(bytes, position + 28, 2)
      let next =
        position + 46 + nameLength + littleEndian(bytes, position + 30, 2)
        + littleEndian(bytes, position + 32, 2)
      guard next <= bytes.count else { throw problem("an entry of the directory is cut off.") }
      let name = String(decoding: bytes[position + 46..<position + 46 + nameLength], as: UTF8.self)
      let entry = Entry(
        name: name, method: littleEndian(bytes, position + 10, 2),
        checksum: UInt(littleEndian(bytes, position + 16, 4)),
        compressedSize: littleEndian(bytes, position + 20, 4),
        size: littleEndian(bytes, position + 24, 4), offset: littleEndian(bytes, position + 42, 4))
      guard littleEndian(bytes, position + 8, 2) & 1 == 0 else {
        throw problem("'\(name)' is encrypted.")
      }
      guard entry.method == 0 || entry.method == 8 else {
        throw problem(
          "'\(name)' is compressed by method \(entry.method); expected stored or deflated.")
      }
      guard !entries.contains(where: { $0.name == name }) else {
        throw problem("'\(name)' is there twice.")
      }
      entries.append(entry)
      position = next
    }
    return entries
  }

  /// A reader of an entry's content.
  func open(_ entry: Entry, limit: Int) throws(FormatError) -> ByteReader {
    func problem(_ text: String) -> FormatError {
      FormatError(file: file.name, offset: entry.offset, problem: "'\(entry.name)': \(text)")
    }
    let header = try file.read(at: entry.offset, 30)
    guard header.count == 30, header.starts(with: [0x50, 0x4b, 3, 4]) else {
      throw problem("its header is not where the directory says.")
    }
    let start =
      entry.offset + 30 + littleEndian(header, 26, 2) + littleEndian(header, 28, 2)
    guard start + entry.compressedSize <= file.count else {
      throw problem("its \(entry.compressedSize) bytes reach beyond the end of the file.")
    }
    guard entry.size <= limit else {
      throw problem("it takes \(entry.size) bytes, more than the \(limit) that are allowed.")
    }
    guard entry.method == 8 || entry.size == entry.compressedSize else {
      throw problem("it is stored, but in \(entry.compressedSize) bytes instead of \(entry.size).")
    }
    let stored = file.reader(start..<start + entry.compressedSize)
    return entry.method == 8 ? try stored.decompressed(.deflate, limit: entry.size) : stored
  }

  /// Reads an entry as a whole, and verifies its checksum.
  func read<Value>(
    _ entry: Entry, limit: Int, _ body: (ByteReader) throws(FormatError) -> Value
  ) throws(FormatError) -> Value {
    let content = try open(entry, limit: limit)
    var checksum: UInt = 0
    let checked = ByteReader(file: "\(file.name), \(entry.name)") { () throws(FormatError) in
      let piece = try content.some(1 << 18)
      checksum = crc32(piece, from: checksum)
      return Array(piece)
    }
    let value = try body(checked)
    guard checked.offset == entry.size, checksum == entry.checksum else {
      throw checked.problem("it does not have the size and the checksum of the directory.")
    }
    return value
  }
}
