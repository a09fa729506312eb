import Files
import Foundation

/// Holds a folder, for whoever writes there, as long as it exists; the system lets go of it when the
/// process ends, however it does. Who reads passes.
final class FolderLock {
  /// Who holds it, for those who are turned away.
  private struct Holder: Codable {
    var process: Int32
    var host: String
    var since: String
  }

  /// The name of its file.
  static let name = ".lock"

  private let descriptor: CInt

  /// - Parameters:
  ///   - folder: The folder.
  ///   - shard: Of the folder, only this share of its cells; nil for the folder.
  ///   - isShared: True to hold it with others that share it too.
  init(_ folder: String, shard: CellShare? = nil, isShared: Bool = false) throws {
    let path = "\(folder)/\(Self.name)" + (shard.map { "-\($0.index + 1)-\($0.count)" } ?? "")
    let flags = O_NOFOLLOW | O_NONBLOCK
    let writing = FileCalls.open(path, O_RDWR | O_CREAT | flags)
    var code = errno
    if writing < 0, code == EACCES || code == EROFS {
      // One that another user made, or that nobody can change, can be held, and not written to.
      descriptor = FileCalls.open(path, O_RDONLY | flags)
      // Where there is none, none could be made.
      if errno != ENOENT { code = errno }
    } else {
      descriptor = writing
    }
    guard descriptor >= 0 else {
      guard code == ELOOP else { throw FileAccessError(path, "made", code: code) }
      throw FileAccessError("'\(path)' is a symbolic link, which nothing here makes: take it away.")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileAccessError("'\(path)' is no plain file: take it away.")
    }
    code = 0
    // Some hold it for a moment, to write a file.
    for attempt in 0..<20 {
      if attempt > 0 { usleep(50_000) }
      let kind = isShared ? LOCK_SH : LOCK_EX
      let status = FileCalls.uninterrupted { Int(flock(descriptor, kind | LOCK_NB)) }
      code = status == 0 ? 0 : errno
      if code != EWOULDBLOCK { break }
    }
    guard code == 0 else {
      // A file system without locks.
      if [ENOSYS, EOPNOTSUPP, ENOTSUP, ENOLCK].contains(code) { return }
      guard code == EWOULDBLOCK else { throw FileAccessError(path, "locked", code: code) }
      let what = shard.map { "Share \($0.index + 1)/\($0.count) of '\(folder)'" } ?? "'\(folder)'"
      throw RunError(
        description: "\(what) is in use by \(Self.holder(at: path)). Wait for it to end, or "
          + "choose another \(shard == nil ? "folder" : "share").")
    }
    // Of those who share it none is named.
    if isShared { _ = ftruncate(descriptor, 0) } else { note() }
  }

  deinit { if descriptor >= 0 { _ = close(descriptor) } }

  /// Writes down who holds the lock. Where that fails, it is held all the same.
  private func note() {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let holder = Holder(
      process: getpid(),
      host: String(
        decoding: name.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self),
      since: Date().ISO8601Format())
    guard let data = try? JSONEncoder().encode(holder), ftruncate(descriptor, 0) == 0 else {
      return
    }
    _ = data.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  private static func holder(at path: String) -> String {
    guard let data = try? Files.read(path, atMost: 1024),
      let holder = try? JSONDecoder().decode(Holder.self, from: data)
    else { return "another process" }
    return "process \(holder.process) on '\(holder.host)' since \(holder.since)"
  }
}
