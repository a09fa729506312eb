import Foundation

/// A file that is open to be read.
public final class OpenFile {
  public let path: String
  /// The bytes of a plain file; of a pipe, nobody knows.
  public let size: Int
  /// The bytes that the disk has of it: fewer than its size where it has holes, or is compressed.
  public let bytesOnDisk: Int
  /// True of a file on a disk, false of a pipe or a device.
  public let isPlain: Bool
  private let descriptor: CInt

  /// - Parameters:
  ///   - path: The file.
  ///   - mustBePlain: Refuses what has no places, and may never answer.
  public init(_ path: String, mustBePlain: Bool = false) throws(FileAccessError) {
    self.path = path
    if mustBePlain, let status = try FileCalls.status(path), status.st_mode & S_IFMT != S_IFREG {
      throw FileAccessError("'\(path)' could not be read: it is not a regular file.")
    }
    descriptor = FileCalls.open(path, O_RDONLY)
    guard descriptor >= 0 else { throw FileAccessError(path, "read", code: errno) }
    var status = stat()
    let code = fstat(descriptor, &status) == 0 ? 0 : errno
    isPlain = status.st_mode & S_IFMT == S_IFREG
    size = Int(status.st_size)
    bytesOnDisk = 512 * Int(status.st_blocks)
    if code != 0 { throw FileAccessError(path, "read", code: code) }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileAccessError(path, "read", code: EISDIR) }
  }

  deinit { _ = close(descriptor) }

  /// Up to so many bytes from a place on; fewer only at the end of the file.
  public func read(at offset: Int, _ count: Int) throws(FileAccessError) -> [UInt8] {
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    var found = 0
    while found < count {
      let more = bytes.withUnsafeMutableBytes { bytes in
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[found...])
        return FileCalls.uninterrupted {
          pread(descriptor, rest.baseAddress, rest.count, off_t(offset + found))
        }
      }
      if more < 0 { throw FileAccessError(path, "read", code: errno) }
      if more == 0 { break }
      found += more
    }
    bytes.removeLast(count - found)
    return bytes
  }

  /// The next bytes, at most so many; none at the end.
  func next(_ count: Int) throws(FileAccessError) -> ArraySlice<UInt8> {
    var bytes = [UInt8](repeating: 0, count: count)
    let found = bytes.withUnsafeMutableBytes { bytes in
      FileCalls.uninterrupted { Foundation.read(descriptor, bytes.baseAddress, bytes.count) }
    }
    if found < 0 { throw FileAccessError(path, "read", code: errno) }
    return bytes[..<found]
  }
}
