import Files
import Foundation

/// A run of a program in a process of its own, whose end is told however it comes.
///
/// Foundation's own traps where few files may be open, and cannot start programs where a few more may.
public struct ChildProcess {
  public enum End: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
    /// The process was ended because its time was up.
    case tookTooLong(seconds: Double)
  }

  public let end: End
  public let output: Data
  public let error: String

  /// Runs a program and waits for its end.
  ///
  /// - Parameters:
  ///   - program: The program's file.
  ///   - arguments: Its arguments.
  ///   - environment: What is added to the environment of this process.
  ///   - limit: The seconds that it may take.
  public init(
    _ program: URL, _ arguments: [String], environment: [String: String] = [:], limit: Double
  ) throws(FileAccessError) {
    let path = program.path
    let (output, error) = (try ProgramPipe(for: path), try ProgramPipe(for: path))
    // Where ends of children are ignored, nobody would hear of this one's.
    signal(SIGCHLD, SIG_DFL)
    let process = try Self.start(
      path, arguments, ProcessInfo.processInfo.environment.merging(environment) { $1 },
      output, error)
    let deadline = ContinuousClock.now + .seconds(limit)
    var isInTime = true
    var status: CInt = 0
    while waitpid(process, &status, WNOHANG) == 0 {
      if ContinuousClock.now > deadline {
        isInTime = false
        kill(process, SIGKILL)
      }
      ProgramPipe.take([output, error], within: 10)
    }
    // What it wrote is all there now; what it started may still write.
    let last = max(deadline, ContinuousClock.now + .seconds(1))
    while ContinuousClock.now < last, ProgramPipe.take([output, error], within: 0) {}
    let signal = status & 0x7f
    self.end =
      !isInTime
      ? .tookTooLong(seconds: limit)
      : signal != 0 ? .killed(signal: signal) : .exited(status >> 8 & 0xff)
    self.output = output.data
    self.error = String(decoding: error.data, as: UTF8.self)
  }

  /// Starts a program that reads nothing, and whose words go into two pipes.
  private static func start(
    _ path: String, _ arguments: [String], _ environment: [String: String],
    _ output: ProgramPipe, _ error: ProgramPipe
  ) throws(FileAccessError) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    // Ctrl-C is for whoever waits; but who ends the process need not know that this one heeded no signal.
    var heeded = sigset_t()
    sigemptyset(&heeded)
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE] { sigaddset(&heeded, number) }
    posix_spawnattr_setsigdefault(&attributes, &heeded)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output.entrance, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, error.entrance, STDERR_FILENO)
    // It has no other file of this process.
    for file in try FileCalls.names(in: "/dev/fd").compactMap({ CInt($0) }) where file > 2 {
      posix_spawn_file_actions_addclose(&actions, file)
    }
    let words = ([path] + arguments).map { strdup($0) }
    let variables = environment.map { strdup("\($0.key)=\($0.value)") }
    defer { for text in words + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(
      &process, path, &actions, &attributes, words + [nil], variables + [nil])
    guard code == 0 else { throw FileAccessError(path, "started", code: code) }
    return process
  }

  /// Why the run counts for nothing, with the last that it said; nil if it exited with 0.
  public var problem: String? {
    let reason: String
    switch end {
    case .exited(0): return nil
    case .exited(let status): reason = "exited with \(status)"
    case .killed(let signal): reason = "crashed (signal \(signal), \(Self.name(of: signal)))"
    case .tookTooLong(let seconds): reason = "took longer than \(Int(seconds)) s"
    }
    let words = error.split(separator: "\n").first.map { ": \($0.prefix(200))" } ?? ""
    return reason + words
  }

  private static func name(of signal: Int32) -> String {
    strsignal(signal).map { String(cString: $0) } ?? "unknown"
  }
}
