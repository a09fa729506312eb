import Dispatch
import Experiments
import Foundation

/// Ctrl-C, noticed instead of obeyed: long work asks now and then, saves, and stops.
final class Interrupt {
  private let stop = StopRequest()
  private var sources: [any DispatchSourceSignal] = []
  /// The handlers that were there before.
  private var former: [(number: CInt, handler: @convention(c) (CInt) -> Void)] = []

  init() {
    for number in [SIGINT, SIGTERM] {
      if let handler = signal(number, SIG_IGN) { former.append((number, handler)) }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [stop] in
        // A second request does not wait.
        if stop.request() { _exit(ExitCode.interrupted.rawValue) }
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Nobody listens any more: the signals do what they did before.
  deinit {
    for source in sources { source.cancel() }
    for (number, handler) in former { signal(number, handler) }
  }

  /// True if the user asked to stop.
  var isRequested: Bool { stop.isRequested }
}
