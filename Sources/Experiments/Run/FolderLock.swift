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
      let isMissing = descriptor < 0 && errno == ENOENT
      // Whoever only reads there needs none where none could be made.
      if isMissing && isShared { return }
      if !isMissing { code = errno }
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
    // Of two that begin at once, one at least finds the other, whose lock it looks for once it has its own.
    if let shard { try Self.refuse(folder, for: shard) }
  }

  deinit { if descriptor >= 0 { _ = close(descriptor) } }

  /// Refuses a folder where a share of another number is under way: it would meet the own in some cells.
  private static func refuse(_ folder: String, for shard: CellShare) throws {
    for file in try FileCalls.names(in: folder).sorted() where file.hasPrefix("\(name)-") {
      let numbers = file.dropFirst(name.count + 1).split(separator: "-").map(String.init)
      let path = "\(folder)/\(file)"
      guard numbers.count == 2, numbers[1] != "\(shard.count)", isHeld(path) else { continue }
      throw RunError(
        description: "Share \(numbers.joined(separator: "/")) of '\(folder)' is under way in "
          + "\(holder(at: path)), and has cells of share \(shard.index + 1)/\(shard.count) too. "
          + "Wait for it to end, divide by \(numbers[1]) as well, or choose another folder.")
    }
  }

  /// True if somebody else holds a lock alone.
  private static func isHeld(_ path: String) -> Bool {
    let descriptor = FileCalls.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    // That lets go of it too.
    defer { _ = close(descriptor) }
    let status = FileCalls.uninterrupted { Int(flock(descriptor, LOCK_SH | LOCK_NB)) }
    return status != 0 && errno == EWOULDBLOCK
  }

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
