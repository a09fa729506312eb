import Foundation

/// A request to stop, made on one thread and noticed on another.
public final class StopRequest: @unchecked Sendable {
  private let lock = NSLock()
  private var requested = false

  public init() {}

  /// True if somebody asked to stop.
  public var isRequested: Bool { lock.withLock { requested } }

  /// Notes a request; returns whether there was one already.
  @discardableResult public func request() -> Bool {
    lock.withLock {
      let before = requested
      requested = true
      return before
    }
  }
}
