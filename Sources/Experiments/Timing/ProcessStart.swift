import Foundation

/// When the process began, as far as the system tells.
public enum ProcessStart {
  /// The time since, in milliseconds. Linux counts it in hundredths of a second; elsewhere it is
  /// counted from the first call.
  public static var elapsedMilliseconds: Double {
    let sinceFirstCall = firstCall.duration(to: .now) / .milliseconds(1)
    return sinceFirstCall + beforeFirstCall
  }

  private static let firstCall = ContinuousClock.now

  /// The milliseconds that had passed when `firstCall` was taken.
  private static let beforeFirstCall: Double = {
    let measured = linuxElapsedMilliseconds ?? 0
    return max(0, measured - firstCall.duration(to: .now) / .milliseconds(1))
  }()

  private static var linuxElapsedMilliseconds: Double? {
    #if os(Linux)
      // The 22nd field of the process's state is its start in clock ticks after the system's. The
      // second is a name in parentheses, which may hold spaces.
      guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
        let end = stat.lastIndex(of: ")")
      else { return nil }
      let fields = stat[end...].split(separator: " ")
      guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
      var now = timespec()
      guard clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return nil }
      let start = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
      return (Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9 - start) * 1e3
    #else
      return nil
    #endif
  }
}
