/// Notices that nearly nothing arrives any more: less than a byte a second for some time.
struct StallWatch {
  /// Seconds without progress that are too many.
  let limit: Double
  private var count = 0
  private var time: SuspendingClock.Instant?

  init(limit: Double) { self.limit = limit }

  /// Starts anew, for as long as there is nobody who could send.
  mutating func reset() { time = nil }

  /// True if the transfer stalls, where `received` bytes have arrived until `now`.
  mutating func isStalled(received: Int, now: SuspendingClock.Instant) -> Bool {
    guard let time, Double(received - count) < limit else {
      count = received
      time = now
      return false
    }
    return time.duration(to: now) / .seconds(1) >= limit
  }
}
