import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Signals to the program in a process of its own.
@Suite struct SignalTests {
  private func start(_ arguments: [String], errors: Pipe) throws -> Process {
    let tests = try #require(Bundle.main.executableURL)
    let process = Process()
    process.executableURL = tests.deletingLastPathComponent().appending(path: "iwae-gpu")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    return process
  }

  /// A training that would take long, at its work.
  private func training(_ out: String, errors: Pipe) throws -> Process {
    let process = try start(
      [
        "train", "--backend", "cpu", "--data", "linear-gaussian", "--layers", "6:2", "-k", "2",
        "--passes", "100000", "--test-samples", "5", "--limit", "5", "--out", out,
      ], errors: errors)
    let deadline = ContinuousClock.now + .seconds(60)
    while !FileManager.default.fileExists(atPath: "\(out)/metrics.jsonl") {
      try #require(process.isRunning && ContinuousClock.now < deadline)
      usleep(20_000)
    }
    return process
  }

  private func lastStep(_ out: String) throws -> Int {
    struct Line: Decodable { var step: Int }
    let lines = try Data(contentsOf: URL(fileURLWithPath: "\(out)/metrics.jsonl"))
      .split(separator: UInt8(ascii: "\n"))
    return try JSONDecoder().decode(Line.self, from: try #require(lines.last)).step
  }

  /// The end of a terminal, or of the machine, saves as Ctrl-C does; it may be told twice. That nobody
  /// reads what is said stops nothing.
  @Test(arguments: [[SIGTERM], [SIGHUP], [SIGHUP, SIGHUP], [SIGTERM, SIGHUP], [SIGINT]])
  func workIsSaved(signals: [CInt]) throws {
    let densities = try Densities()
    defer { densities.remove() }
    let (out, errors) = (densities.path("run"), Pipe())
    let process = try training(out, errors: errors)
    try errors.fileHandleForReading.close()
    for signal in signals { kill(process.processIdentifier, signal) }
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == ExitCode.interrupted.rawValue)
    let stored = try StoredModel(out)
    #expect(try #require(stored.step) >= lastStep(out))
  }

  /// Slurm signals a rank, and the process that started it, which passes it on: it is one Ctrl-C all the same.
  @Test func oneInterruptMayBeToldTwice() throws {
    let densities = try Densities()
    defer { densities.remove() }
    let (out, errors) = (densities.path("run"), Pipe())
    let process = try training(out, errors: errors)
    for _ in 0..<2 {
      kill(process.processIdentifier, SIGINT)
      usleep(2000)
    }
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains("Interrupted and saved."), "\(text)")
  }

  /// Another Ctrl-C ends work at once that does not ask whether to go on: it waits for a pipe that is silent.
  @Test func aFurtherInterruptDoesNotWait() throws {
    let densities = try Densities()
    defer { densities.remove() }
    let (out, errors) = (densities.path("sweep"), Pipe())
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let file = "\(out)/sweep.json"
    try #require(mkfifo(file, 0o600) == 0)
    let process = try start(["sweep", "--resume", out, "--backend", "cpu"], errors: errors)
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    let deadline = ContinuousClock.now + .seconds(60)
    // It can be written to as soon as somebody reads.
    var writer: CInt = -1
    while writer < 0 {
      try #require(process.isRunning && ContinuousClock.now < deadline)
      usleep(20_000)
      writer = open(file, O_WRONLY | O_NONBLOCK)
    }
    defer { close(writer) }
    kill(process.processIdentifier, SIGINT)
    usleep(500_000)
    #expect(process.isRunning)
    // On a busy machine one may still be taken for the first, told twice.
    while process.isRunning, ContinuousClock.now < deadline {
      kill(process.processIdentifier, SIGINT)
      usleep(500_000)
    }
    try #require(!process.isRunning)
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == ExitCode.interrupted.rawValue)
  }

  /// What is to be typed next can be.
  @Test func theHintIsQuoted() throws {
    let densities = try Densities()
    defer { densities.remove() }
    let (out, errors) = (densities.path("a run"), Pipe())
    let process = try training(out, errors: errors)
    kill(process.processIdentifier, SIGINT)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == ExitCode.interrupted.rawValue)
    #expect(text.contains("Go on with: iwae-gpu train --resume '\(out)'\n"), "\(text)")
  }

  /// What runs on behind a closed terminal is not stopped by its end.
  @Test func whatIsToRunOnDoes() throws {
    let densities = try Densities()
    defer { densities.remove() }
    let (out, errors) = (densities.path("run"), Pipe())
    let former = signal(SIGHUP, SIG_IGN)
    defer { signal(SIGHUP, former) }
    let process = try training(out, errors: errors)
    kill(process.processIdentifier, SIGHUP)
    let step = try lastStep(out)
    let deadline = ContinuousClock.now + .seconds(60)
    while try lastStep(out) == step, ContinuousClock.now < deadline { usleep(20_000) }
    #expect(process.isRunning)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == ExitCode.interrupted.rawValue)
  }
}
