import Commands
import Foundation
import OpenCLDevice
import Testing

@testable import iwae_gpu

@Suite struct BenchTests {
  private struct Report: Decodable {
    var stepMilliseconds: Double?
    var evaluationMilliseconds: Double?
    var gflops: Double
    var peakFraction: Double?
    var firstStepMilliseconds: Double
    var device: String
    var division: String?
    var launches: Int?
    var peakBytesPerSecond: Double?
    var profile: [Launch]?
    var gradientVariance: Variance?

    struct Launch: Decodable {
      var launch: String
      var operations: [Operation]
      var microseconds: Double
      var share: Double
      var floorMicroseconds: Double
    }

    struct Operation: Decodable {
      var kind: String
      var microsecondsAlone: Double?
    }

    struct Variance: Decodable {
      var all: Double
      var drawn: Double
    }
  }

  private static let small = ["--layers", "20:4", "--data-size", "33", "--steps", "3", "--json"]

  private func report(_ arguments: String...) throws -> Report {
    let outcome = run(["bench"] + Self.small + arguments)
    #expect(outcome.status == .done, "\(outcome.error)")
    return try decoder.decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test func aStepIsTimed() throws {
    let report = try report("-k", "3", "--profile")
    #expect((report.stepMilliseconds ?? 0) > 0 && report.evaluationMilliseconds == nil)
    #expect(report.gflops > 0 && (report.peakFraction ?? 0) > 0)
    #expect(report.firstStepMilliseconds > 0 && !report.device.isEmpty)
    // Every operation has its time, in a launch that has its own.
    let profile = try #require(report.profile)
    #expect(profile.count >= 2 && profile.allSatisfy { $0.microseconds > 0 })
    #expect(report.launches == profile.count && (report.peakBytesPerSecond ?? 0) > 0)
    #expect(profile.allSatisfy { $0.floorMicroseconds > 0 })
    #expect(abs(profile.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    let operations = profile.flatMap(\.operations)
    #expect(operations.contains { $0.kind == "adam" })
    #expect(operations.allSatisfy { ($0.microsecondsAlone ?? 0) > 0 })
  }

  /// Programs learn the floor and the share of each part without asking.
  @Test func partsHaveTheirFloors() throws {
    let report = try report("-k", "3")
    let profile = try #require(report.profile)
    #expect(profile.count == report.launches)
    #expect(profile.allSatisfy { $0.floorMicroseconds > 0 && $0.share > 0 })
    #expect(profile.flatMap(\.operations).allSatisfy { $0.microsecondsAlone == nil })
  }

  @Test func anEvaluationIsTimed() throws {
    let report = try report("--evaluate", "--samples", "30")
    #expect((report.evaluationMilliseconds ?? 0) > 0 && report.stepMilliseconds == nil)
  }

  @Test func partsAndDrawsAreTimed() throws {
    #expect(try report("-k", "2000", "--memory", "1M").division?.contains("at a time") == true)
    let drawn = try report("-k", "20", "--backward-samples", "2")
    let variance = try #require(drawn.gradientVariance)
    #expect(variance.drawn > 0 && variance.all > 0)
  }

  @Test func theReferenceHasNoPeak() throws {
    let report = try report("-k", "1", "--batch", "2", "--backend", "cpu")
    #expect(report.device == "reference" && report.peakFraction == nil)
  }

  @Test func whatCannotBeIsRefused() {
    for (arguments, message) in [
      (["--memory", "12X"], "The value '12X' is invalid for '--memory'"),
      (["--memory", "0"], "The value '0' is invalid for '--memory'"),
      (["--evaluate", "--profile"], "leave out '--evaluate'"),
      (["--evaluate", "--memory", "1G"], "'--memory' belongs to a training step"),
      (["--profile", "--backend", "cpu", "-k", "1", "--batch", "1"], "leave out '--backend cpu'"),
      (["-k", "5", "--backward-samples", "5"], "expected fewer than the 5 samples"),
      (["--objective", "ciwae", "--backward-samples", "2"], "cannot be drawn"),
      (["--backward-samples", "0"], "expected a whole number from 1"),
    ] {
      let outcome = run(["bench"] + arguments)
      #expect(outcome.status == .usage && outcome.error.contains(message), "\(outcome.error)")
    }
    let tight = run("bench", "--memory", "1M")
    #expect(tight.status == .failed && tight.error.contains("needs at least"))
    let whole = run("bench", "--memory", "16M", "-k", "5000", "--objective", "vimco")
    #expect(whole.error.contains("needs all samples of an image at once"))
  }
}

@Suite struct TuneTests {
  private struct Report: Decodable {
    struct Candidate: Decodable {
      var stepMilliseconds: Double?
      var problem: String?
    }

    var candidates: [Candidate]
    var before: Candidate
    var after: Candidate
    var file: String?
  }

  /// In a cache folder of its own, so that the user's tuning stays.
  @Test func theFastestIsKept() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let previous = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"]
    setenv("XDG_CACHE_HOME", folder.path, 1)
    defer {
      if let previous { setenv("XDG_CACHE_HOME", previous, 1) } else { unsetenv("XDG_CACHE_HOME") }
    }
    let options = ["--layers", "20:4", "--data-size", "33", "-k", "5", "--kernels", "panels"]
    let outcome = run(["tune", "--rounds", "1", "--quiet", "--json"] + options)
    #expect(outcome.status == .done, "\(outcome.error)")
    let report = try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.candidates.count >= 5)
    #expect(report.candidates.allSatisfy { $0.problem == nil && ($0.stepMilliseconds ?? 0) > 0 })
    #expect(try #require(report.after.stepMilliseconds) <= #require(report.before.stepMilliseconds))
    // The default is not kept, for it may become better.
    if let file = report.file {
      #expect(file.hasPrefix(folder.path) && FileManager.default.fileExists(atPath: file))
      #expect(run("tune", "--forget").output.hasPrefix("Forgot"))
      #expect(!FileManager.default.fileExists(atPath: file))
    }
    #expect(run("tune", "--forget").output.hasPrefix("There was no tuning"))
    #expect(run("tune", "--backend", "cpu").status == .usage)
  }

  #if os(Linux)
    /// A tuning in use that fails now is said to, and makes way for the fastest that does not.
    @Test func aTuningThatFailsIsReplaced() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      let device = try DeviceList.find(.automatic)
      let current = Tuning.standard(for: device, schedule: .panels).registers
      let right = Tuning.Registers.allCases.first { $0 != current }
      let wrong = Tuning.Registers.allCases.filter { $0 != right }
        .map { "!strstr(options, \"-D\($0.rawValue.uppercased()) \")" }
      let library = try FalseDriver.library(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <string.h>
        typedef int call(void *, unsigned, void *, const char *, void *, void *);
        int clBuildProgram(void *program, unsigned count, void *devices, const char *options,
                           void *notify, void *data) {
          if (!(\(wrong.joined(separator: " && ")))) return -11;
          call *right = (call *)dlsym(RTLD_NEXT, "clBuildProgram");
          return right(program, count, devices, options, notify, data);
        }
        """, in: folder)
      let outcome = try FalseDriver.run(
        [
          "tune", "--rounds", "1", "--json", "--layers", "20:4", "--data-size", "33", "-k", "5",
          "--kernels", "panels",
        ], environment: ["LD_PRELOAD": library.path, "XDG_CACHE_HOME": folder.path])
      #expect(outcome.end == .exited(0), "\(outcome.error)")
      #expect(outcome.error.contains("gives way to another"), "\(outcome.error)")
      let report = try decoder.decode(Report.self, from: outcome.output)
      #expect(report.before.problem != nil && report.before.stepMilliseconds == nil)
      #expect(report.after.stepMilliseconds != nil)
      #expect(FileManager.default.fileExists(atPath: try #require(report.file)))
    }
  #endif
}
