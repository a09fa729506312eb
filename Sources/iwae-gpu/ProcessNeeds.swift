import Commands
import Files
import Foundation

/// The files and threads that the system must give the process before it begins: without them, Dispatch
/// waits for ever, and Foundation, Dispatch and drivers end the process by a signal.
enum ProcessNeeds {
  /// A run's files, and those of a driver that compiles.
  private static let files = 20
  private static let threads = 4

  /// Refuses to begin with less.
  static func check() throws(CommandError) {
    try checkFiles()
    try checkThreads()
  }

  private static func checkFiles() throws(CommandError) {
    var opened: [CInt] = []
    defer { for file in opened { _ = close(file) } }
    while opened.count < files {
      let file = FileCalls.open("/dev/null", O_RDONLY)
      guard file >= 0 else {
        // Where that file is not there, nobody can tell.
        guard errno == EMFILE || errno == ENFILE else { return }
        throw shortage(
          of: "open files", opened.count, files, errno, "more of them, as by 'ulimit -n 1024'")
      }
      opened.append(file)
    }
  }

  private static func checkThreads() throws(CommandError) {
    // There are files enough.
    var gate: [CInt] = [-1, -1]
    pipe(&gate)
    var started: [pthread_t?] = []
    defer {
      // Until then, each of them waits to read.
      _ = close(gate[1])
      for case let thread? in started { pthread_join(thread, nil) }
      _ = close(gate[0])
    }
    while started.count < threads {
      #if canImport(Darwin)
        var thread: pthread_t?
      #else
        var thread = pthread_t()
      #endif
      let code = pthread_create(
        &thread, nil,
        { end in
          var byte: UInt8 = 0
          read(CInt(Int(bitPattern: end)), &byte, 1)
          return nil
        }, UnsafeMutableRawPointer(bitPattern: Int(gate[0])))
      guard code == 0 else {
        throw shortage(
          of: "threads", started.count, threads, code,
          "more processes ('ulimit -u') or more memory ('ulimit -v')")
      }
      started.append(thread)
    }
  }

  private static func shortage(
    of what: String, _ found: Int, _ needed: Int, _ code: CInt, _ remedy: String
  ) -> CommandError {
    CommandError(
      message: "The process needs \(needed) more \(what), and the system gives it \(found): "
        + "\(String(cString: strerror(code))). Allow it \(remedy).", code: .failed)
  }
}
