/// Waits now and then for what is only enqueued, so that little of it is ahead at any time: whoever asks to
/// stop is heard soon, however large the pieces of work are.
public struct Pace: Sendable {
  private let clock = ContinuousClock()
  private var begin: ContinuousClock.Instant
  /// The pieces that may be enqueued before the next wait; one, until it is known how long each takes.
  private var allowed = 1
  private var ahead = 0

  private static let interval = Duration.milliseconds(250)
  private static let most = 64.0

  public init() { begin = clock.now }

  /// Counts a piece that was enqueued; waits if it is time to.
  ///
  /// - Parameter wait: Waits for all that is enqueued.
  /// - Returns: True if it waited.
  public mutating func isDue(
    _ wait: () throws(DeviceError) -> Void
  ) throws(DeviceError) -> Bool {
    ahead += 1
    guard ahead >= allowed else { return false }
    try wait()
    let now = clock.now
    let each = (now - begin) / Double(ahead)
    allowed = each > .zero ? max(1, Int(min(Self.interval / each, Self.most))) : 1
    (begin, ahead) = (now, 0)
    return true
  }
}
