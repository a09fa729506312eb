import Dispatch
import Foundation

/// Notices when kernels have been compiling for a while, so that the user can be told what takes so
/// long. Drivers compile when they please, at the latest when a kernel first runs: compilation
/// counts as over when the queue is next known to be empty.
public final class CompilationWatch: @unchecked Sendable {
  // The device and the timer share three words, under a lock.
  private let lock = NSLock()
  private var isUnderWay = false
  private var notice: (seconds: Double, body: @Sendable () -> Void)?

  /// Asks to be told, once, when a compilation has taken so long.
  public func whenLongerThan(_ seconds: Double, _ body: @escaping @Sendable () -> Void) {
    lock.withLock { notice = (seconds, body) }
  }

  func begin() {
    let pending = lock.withLock {
      isUnderWay = true
      defer { notice = nil }
      return notice
    }
    guard let pending else { return }
    DispatchQueue.global().asyncAfter(deadline: .now() + pending.seconds) { [self] in
      if lock.withLock({ isUnderWay }) { pending.body() }
    }
  }

  func end() { lock.withLock { isUnderWay = false } }
}
