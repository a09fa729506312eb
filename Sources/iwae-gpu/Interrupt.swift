import Dispatch
import Foundation

/// Ctrl-C, noticed instead of obeyed: long work asks now and then, saves, and stops.
final class Interrupt: @unchecked Sendable {
  // The handler and the worker each touch one word, under a lock.
  private let lock = NSLock()
  private var requested = false
  private var sources: [any DispatchSourceSignal] = []

  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [weak self] in
        // A second request does not wait.
        if self?.request() == true { _exit(ExitCode.interrupted.rawValue) }
      }
      source.resume()
      sources.append(source)
    }
  }

  deinit { for source in sources { source.cancel() } }

  /// Whether the user asked to stop.
  var isRequested: Bool { lock.withLock { requested } }

  /// Notes a request; returns whether there was one already.
  @discardableResult func request() -> Bool {
    lock.withLock {
      let before = requested
      requested = true
      return before
    }
  }
}
