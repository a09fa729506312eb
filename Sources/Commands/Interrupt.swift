import Dispatch
import Experiments
import Foundation

/// Ctrl-C, and the end of a terminal or of the machine, noticed instead of obeyed: long work asks now and
/// then, saves, and stops.
public final class Interrupt {
  private let stop = StopRequest()
  /// Asked for once a further Ctrl-C is another one: launchers may signal a rank, and also the process that started
  /// it, which passes the same on.
  private let isHeard = StopRequest()
  private var sources: [any DispatchSourceSignal] = []
  /// The handlers that were there before; nil for the system's own.
  private var former: [(number: CInt, handler: (@convention(c) (CInt) -> Void)?)] = []
  /// Says that the request was heard, where stopping takes its time.
  private let answer = DispatchWorkItem {
    // Below a line that is written over.
    Terminal.standard.error(
      (isatty(STDERR_FILENO) == 1 ? "\n" : "")
        + "Stopping as soon as the work under way is done. Ctrl-C again ends at once: what was saved "
        + "before stays.")
  }

  public init(_ signals: [CInt] = [SIGINT, SIGTERM, SIGHUP]) {
    for number in signals {
      let handler = signal(number, SIG_IGN)
      // What runs on behind a closed terminal is to go on.
      if number == SIGHUP,
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      {
        continue
      }
      former.append((number, handler))
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [stop, isHeard, answer] in
        let isRepeated = stop.request()
        // A second Ctrl-C does not wait.
        if isRepeated, number == SIGINT, isHeard.isRequested {
          _exit(ExitCode.interrupted.rawValue)
        }
        guard !isRepeated else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.3) { isHeard.request() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.9, execute: answer)
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Nobody listens any more: the signals do what they did before.
  deinit {
    answer.cancel()
    for source in sources { source.cancel() }
    for (number, handler) in former { signal(number, handler) }
  }

  /// True if the user asked to stop.
  public var isRequested: Bool { stop.isRequested }
}
