import Files
import Foundation

/// Holds a folder as long as it exists; the system lets go of it when the process ends, however it
/// does.
final class FolderLock {
  private let descriptor: CInt

  init(_ folder: String) throws {
    let path = "\(folder)/.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw FileAccessError("'\(path)' could not be made: \(String(cString: strerror(errno))).")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      // The object ends here, and closes its file.
      let reason = errno
      guard reason == EWOULDBLOCK else {
        throw FileAccessError(
          "'\(path)' could not be locked: \(String(cString: strerror(reason))).")
      }
      throw RunError(
        description: "Another sweep or process is at work in '\(folder)'. Wait for it to end, or "
          + "choose another folder.")
    }
  }

  deinit { _ = close(descriptor) }
}
