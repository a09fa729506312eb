import Dispatch
import Files
import Foundation

/// A run of a program in a process of its own, whose end is told however it comes.
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
  ) throws {
    // Files take any amount, and nobody has to read while the program writes.
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try PrivateFolder.make(folder.path)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["output", "error"].map { folder.appending(path: $0) }
    for file in files { try Data().write(to: file) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    let isInTime = ended.wait(timeout: .now() + limit) == .success
    if !isInTime {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    end =
      !isInTime
      ? .tookTooLong(seconds: limit)
      : process.terminationReason == .uncaughtSignal
        ? .killed(signal: process.terminationStatus) : .exited(process.terminationStatus)
    output = try Data(contentsOf: files[0])
    error = String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
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
