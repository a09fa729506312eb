import Dispatch
import Experiments
import Foundation

/// Ctrl-C, noticed instead of obeyed: long work asks now and then, saves, and stops.
final class Interrupt {
  private let stop = StopRequest()
  private var sources: [any DispatchSourceSignal] = []

  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [stop] in
        // A second request does not wait.
        if stop.request() { _exit(ExitCode.interrupted.rawValue) }
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Nobody listens any more: the signals do what they do without us.
  deinit {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }

  /// Whether the user asked to stop.
  var isRequested: Bool { stop.isRequested }
}
