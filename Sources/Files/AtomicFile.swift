import Foundation

/// A file under a name of this program's own until it is whole, in the folder of the file that it
/// replaces. It is locked while it is written: what nobody holds is left over from a process that was
/// killed.
final class AtomicFile {
  private static let prefix = ".iwae-gpu."
  private static let suffix = ".tmp"

  private let target: String
  private let path: String
  private let descriptor: CInt
  private var isInPlace = false

  /// - Parameters:
  ///   - target: The file to replace, no symbolic link.
  ///   - mode: The permissions that it has; nil for a new one.
  init(for target: String, mode: mode_t?) throws(FileAccessError) {
    self.target = target
    let folder = FileCalls.folder(of: target)
    let place = folder.isEmpty ? "" : folder == "/" ? "/" : folder + "/"
    // Another process that sweeps may take a new file for one left over, until it is locked.
    for _ in 0..<100 {
      let name = "\(Self.prefix)\(getpid()).\(UInt64.random(in: 0 ... .max))\(Self.suffix)"
      let path = place + name
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
      let file = FileCalls.open(path, flags, mode ?? 0o666)
      guard file >= 0 else {
        if errno == EEXIST { continue }
        throw FileAccessError(target, "written", code: errno)
      }
      // Some file systems have no locks, and nothing is swept there.
      let isHeld =
        FileCalls.uninterrupted { Int(flock(file, LOCK_EX | LOCK_NB)) } != 0 && errno == EWOULDBLOCK
      var status = stat()
      if !isHeld, fstat(file, &status) == 0, status.st_nlink > 0 {
        (self.path, self.descriptor) = (path, file)
        // The mask of the process takes permissions away that the file had.
        if let mode { _ = fchmod(file, mode) }
        return
      }
      _ = close(file)
    }
    throw FileAccessError(target, "written", code: EAGAIN)
  }

  deinit {
    if !isInPlace { unlink(path) }
    _ = close(descriptor)
  }

  func append(_ data: Data) throws(FileAccessError) {
    try FileCalls.write(data, to: descriptor, path: target)
  }

  /// Puts the whole in its place, where readers find it all or not at all.
  func replace() throws(FileAccessError) {
    // The content must reach the disk before the name does.
    guard FileCalls.uninterrupted({ Int(fsync(descriptor)) }) == 0, rename(path, target) == 0 else {
      throw FileAccessError(target, "written", code: errno)
    }
    isInPlace = true
    FileCalls.syncFolder(of: target)
  }

  /// Removes what processes that were killed left in a folder.
  static func sweep(_ folder: String) {
    for name in (try? FileCalls.names(in: folder)) ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      let path = "\(folder)/\(name)"
      let descriptor = FileCalls.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      defer { _ = close(descriptor) }
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
      {
        unlink(path)
      }
    }
  }
}

/// The folders that this process has swept.
final class SweptFolders: @unchecked Sendable {
  static let all = SweptFolders()
  private let lock = NSLock()
  private var folders: Set<String> = []

  /// Sweeps a folder the first time that something is written there.
  func sweep(_ folder: String) {
    if lock.withLock({ folders.insert(folder).inserted }) { AtomicFile.sweep(folder) }
  }
}
