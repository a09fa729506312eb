import Files
import Foundation

/// A pipe that a program writes to, and what came out of it. No other program inherits it.
final class ProgramPipe {
  /// A program that says more is listened to, and what it says is not kept.
  private static let most = 1 << 28

  /// The descriptor that is written to, none of the three that the program has of its own.
  let entrance: CInt
  private let exit: CInt
  private(set) var data = Data()

  /// - Parameter program: The program's file, for errors.
  init(for program: String) throws(FileAccessError) {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw FileAccessError(program, "started", code: errno) }
    exit = fcntl(ends[0], F_DUPFD_CLOEXEC, 3)
    entrance = fcntl(ends[1], F_DUPFD_CLOEXEC, 3)
    let code = errno
    for end in ends { _ = close(end) }
    guard exit >= 0, entrance >= 0 else { throw FileAccessError(program, "started", code: code) }
  }

  deinit {
    for end in [entrance, exit] { _ = close(end) }
  }

  /// Takes what has come, and waits for it if nothing has; returns true if anything was kept.
  @discardableResult static func take(
    _ pipes: [ProgramPipe], within milliseconds: CInt
  ) -> Bool {
    var ends = pipes.map { pollfd(fd: $0.exit, events: Int16(POLLIN), revents: 0) }
    guard FileCalls.uninterrupted({ Int(poll(&ends, nfds_t(ends.count), milliseconds)) }) > 0 else {
      return false
    }
    var hasMore = false
    for (end, pipe) in zip(ends, pipes) where end.revents != 0 && pipe.take() { hasMore = true }
    return hasMore
  }

  private func take() -> Bool {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(exit, &bytes, bytes.count)
    guard count > 0, data.count < Self.most else { return false }
    data.append(contentsOf: bytes[..<count])
    return true
  }
}
