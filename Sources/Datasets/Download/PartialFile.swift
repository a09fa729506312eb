import Files
import Foundation

/// The part of a file that has arrived, beside the place of the whole. One run at a time has it.
final class PartialFile {
  let path: String
  /// Bytes that have arrived.
  private(set) var length: Int
  private let descriptor: CInt
  /// True if the whole is still to come.
  private var isPending = true

  /// Opens the part that an earlier run left, or an empty one, and keeps other runs out of it.
  convenience init(path: String) throws(DownloadError) {
    // As often as other runs move or remove what has just been opened: hardly ever twice.
    for _ in 0..<100 {
      let descriptor = try Self.open(path)
      do throws(DownloadError) {
        if let length = try Self.lock(descriptor, at: path) {
          self.init(descriptor: descriptor, path: path, length: length)
          return
        }
      } catch {
        _ = Foundation.close(descriptor)
        throw error
      }
      _ = Foundation.close(descriptor)
    }
    throw .busy(path)
  }

  /// Takes over a file that is open.
  init(descriptor: CInt, path: String, length: Int) {
    self.descriptor = descriptor
    self.path = path
    self.length = length
  }

  deinit { _ = Foundation.close(descriptor) }

  static func open(_ path: String) throws(DownloadError) -> CInt {
    let descriptor = FileCalls.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .fileAccess(path, "written", code: errno) }
    return descriptor
  }

  /// The length of the open file once it is locked; nil where the path leads elsewhere by now,
  /// as when the run that had the lock has moved the file to its place.
  static func lock(_ descriptor: CInt, at path: String) throws(DownloadError) -> Int? {
    if FileCalls.uninterrupted({ Int(flock(descriptor, LOCK_EX | LOCK_NB)) }) != 0 {
      switch errno {
      case EWOULDBLOCK: throw .busy(path)
      // A file system without locks: the digest still tells whether two runs got mixed up.
      case ENOSYS, EOPNOTSUPP, ENOLCK: break
      default: throw .fileAccess(path, "locked", code: errno)
      }
    }
    var opened = stat()
    guard fstat(descriptor, &opened) == 0 else {
      throw .fileAccess(path, "examined", code: errno)
    }
    guard opened.st_mode & S_IFMT == S_IFREG else {
      throw .fileAccess(path, "written", code: EINVAL)
    }
    guard let found = try FileCalls.found(path),
      found.st_dev == opened.st_dev, found.st_ino == opened.st_ino
    else { return nil }
    return Int(opened.st_size)
  }

  /// Adds what has arrived.
  func append(_ bytes: UnsafeRawBufferPointer) throws(DownloadError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let slice = UnsafeRawBufferPointer(rebasing: rest)
      let count = FileCalls.uninterrupted {
        pwrite(descriptor, slice.baseAddress, slice.count, off_t(length))
      }
      guard count > 0 else {
        throw .fileAccess(path, "written", code: count == 0 ? ENOSPC : errno)
      }
      length += count
      rest = rest.dropFirst(count)
    }
  }

  /// Forgets everything from a byte on.
  func truncate(to count: Int) throws(DownloadError) {
    guard count < length else { return }
    if FileCalls.uninterrupted({ Int(ftruncate(descriptor, off_t(count))) }) != 0 {
      throw .fileAccess(path, "shortened", code: errno)
    }
    length = count
  }

  /// The SHA-256 digest of what is on the disk.
  func digest() throws(DownloadError) -> String {
    try FileCalls.digest(of: descriptor, path: path)
  }

  /// Puts the whole in its place, where readers find it all or not at all.
  func move(to target: String) throws(DownloadError) {
    // The content must reach the disk before the name does.
    guard FileCalls.uninterrupted({ Int(fsync(descriptor)) }) == 0 else {
      throw .fileAccess(path, "written", code: errno)
    }
    guard rename(path, target) == 0 else { throw .fileAccess(target, "written", code: errno) }
    FileCalls.syncFolder(of: target)
    isPending = false
  }

  /// Leaves no empty part behind. Only while the lock is held.
  func removeIfEmpty() {
    if isPending && length == 0 { unlink(path) }
  }
}
