import Commands
import Experiments
import Foundation
import Report
import Testing

/// Reports that keep up with their runs, in processes of their own.
@Suite struct ReportWatchTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-watch-\(UUID())").path
  private var path: String { "\(folder)/watched" }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  private func makeRun() throws {
    let run = RunFolder(path)
    try run.create()
    try write(#"{"data": "strokes"}"#, run.configuration)
    try write("{\"epoch\":1,\"step\":9,\"bound\":-100.5}\n", run.metrics)
    try write(
      #"{"nll": 99.25, "standard_error": null, "samples": 50, "images": 10, "bound": -101, "effective_sample_size": 9, "#
        + #""active_units": [3], "reconstruction": -80, "divergence": 21, "seconds": 1, "#
        + #""backend": "cpu", "device": "reference"}"#, run.evaluation)
  }

  private func bound(_ value: Double) throws {
    try write(
      "{\"epoch\":1,\"step\":9,\"bound\":\(value)}\n", RunFolder(path).metrics)
  }

  private func watch(_ arguments: String..., output: Pipe = Pipe()) throws -> Process {
    let tests = try #require(Bundle.main.executableURL)
    let process = Process()
    process.executableURL = tests.deletingLastPathComponent().appending(path: "iwae-gpu")
    process.arguments = ["report", path, "--watch", "--format", "csv"] + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func waitForPage(_ page: String, of process: Process, with text: String) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while (try? String(contentsOfFile: page, encoding: .utf8))?.contains(text) != true {
      try #require(process.isRunning && ContinuousClock.now < deadline, "\(text)")
      usleep(50_000)
    }
  }

  /// It may begin before its run; the page is written again, and Ctrl-C ends it.
  @Test func aWatchedReportFollowsItsRun() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let output = Pipe()
    let process = try watch(output: output)
    defer { if process.isRunning { process.terminate() } }
    let page = "\(path)/report.html"
    usleep(500_000)
    try makeRun()
    try waitForPage(page, of: process, with: "http-equiv=\"refresh\"")
    try bound(-77.25)
    try waitForPage(page, of: process, with: "-77.25")
    // A file that is none for a while ends nothing.
    let evaluation = try Data(contentsOf: URL(fileURLWithPath: RunFolder(path).evaluation))
    try write("{", RunFolder(path).evaluation)
    usleep(2_500_000)
    #expect(process.isRunning)
    try evaluation.write(to: URL(fileURLWithPath: RunFolder(path).evaluation))
    try bound(-66.25)
    try waitForPage(page, of: process, with: "-66.25")
    kill(process.processIdentifier, SIGINT)
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == ExitCode.interrupted.rawValue)
    #expect(String(decoding: printed, as: UTF8.self).contains("watched,1,"))
    let html = try String(contentsOfFile: page, encoding: .utf8)
    #expect(html.contains("-66.25") && !html.contains("http-equiv=\"refresh\""))
  }

  /// A page among the run's figures is no change of the run.
  @Test func aPageDoesNotFollowItself() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeRun()
    let page = "\(path)/figures/page.html"
    try FileManager.default.createDirectory(
      atPath: "\(path)/figures", withIntermediateDirectories: true)
    let process = try watch("--out", page)
    defer { process.terminate() }
    try waitForPage(page, of: process, with: "-100.5")
    func number() throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: page)[.systemFileNumber] as? Int
    }
    let first = try number()
    usleep(3_000_000)
    #expect(try number() == first && process.isRunning)
  }

  /// What could not be written is tried again, though no run has changed since.
  @Test func aFailedAttemptIsRepeated() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeRun()
    let (pages, away) = ("\(folder)/pages", "\(folder)/away")
    try FileManager.default.createDirectory(atPath: pages, withIntermediateDirectories: true)
    let process = try watch("--out", "\(pages)/page.html")
    defer { process.terminate() }
    try waitForPage("\(pages)/page.html", of: process, with: "-100.5")
    try FileManager.default.moveItem(atPath: pages, toPath: away)
    try bound(-55.25)
    usleep(3_000_000)
    try FileManager.default.moveItem(atPath: away, toPath: pages)
    try waitForPage("\(pages)/page.html", of: process, with: "-55.25")
  }
}
