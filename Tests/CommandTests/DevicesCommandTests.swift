import Commands
import Foundation
import OpenCLDevice
import Testing

@testable import iwae_gpu

@Suite struct DevicesCommandTests {
  @Test func everyDeviceIsTriedOut() throws {
    let outcome = try FalseDriver.run(["devices"])
    let output = String(decoding: outcome.output, as: UTF8.self)
    #expect(outcome.end == .exited(0), "\(outcome.error)")
    #expect(output.contains("(default)") && output.contains("smoke test: passed"))
  }

  #if os(Linux)
    /// A driver that crashes when it is loaded, or never comes back, costs nothing but its own devices.
    @Test(arguments: [
      ("abort();", "crashed (signal 6"), ("for (;;) pause();", "took longer than 5 s"),
    ])
    func driversThatFailAreNamed(body: String, reason: String) throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      let library = try FalseDriver.library(
        """
        #include <stdlib.h>
        #include <unistd.h>
        void *clGetExtensionFunctionAddress(const char *name) { \(body) }
        """, in: folder)
      for name in ["first", "second"] {
        try Data(library.path.utf8).write(to: folder.appending(path: "\(name).icd"))
      }
      let outcome = try FalseDriver.run(
        ["devices", "--limit", "5"], environment: ["OCL_ICD_VENDORS": folder.path + "/"])
      #expect(outcome.end == .exited(ExitCode.noDevice.rawValue))
      for name in ["first", "second"] {
        #expect(outcome.error.contains("\(name).icd: its driver \(reason)"), "\(outcome.error)")
      }
      #expect(outcome.output.starts(with: Data("reference".utf8)))
    }
  #endif

  #if os(Linux)
    /// A driver that gives wrong results is refused, from then on without being tried, unless it is
    /// trusted all the same.
    @Test func aWrongDriverIsRefused() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      let library = try FalseDriver.library(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stddef.h>
        typedef int call(void *, void *, unsigned, size_t, size_t, void *, unsigned, void *, void *);
        int clEnqueueReadBuffer(void *queue, void *buffer, unsigned waits, size_t offset, size_t size,
                                void *data, unsigned count, void *events, void *event) {
          call *right = (call *)dlsym(RTLD_NEXT, "clEnqueueReadBuffer");
          int status = right(queue, buffer, waits, offset, size, data, count, events, event);
          ((float *)data)[size / 8] += 0.5f;
          return status;
        }
        """, in: folder)
      let environment = ["LD_PRELOAD": library.path, "XDG_CACHE_HOME": folder.path]
      let bench = ["bench", "--layers", "3:2", "--data-size", "4", "-k", "2", "--steps", "1"]
      for isFirst in [true, false] {
        let outcome = try FalseDriver.run(bench, environment: environment)
        #expect(outcome.end == .exited(ExitCode.noDevice.rawValue), "\(outcome.error)")
        #expect(outcome.error.contains("Trying the driver of") == isFirst)
        #expect(outcome.error.contains("computes wrong results"))
      }
      let trusted = try FalseDriver.run(bench + ["--trust-driver"], environment: environment)
      #expect(trusted.end == .exited(0), "\(trusted.error)")
    }

    /// Without any OpenCL driver the reference computes, and says so; what only makes sense on OpenCL
    /// fails.
    @Test func withoutADriverTheReferenceIsAnnounced() async throws {
      let result = await #expect(
        processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]
      ) {
        setenv("OCL_ICD_VENDORS", "/no/such/folder/", 1)
        let model = ["--layers", "3:2", "--data-size", "4", "-k", "2", "--steps", "1"]
        let isTuned = Main.run(["tune"], terminal: Terminal(output: { _ in }, error: { _ in }))
        exit(isTuned == .noDevice ? Main.run(["bench"] + model).rawValue : 1)
      }
      let error = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(error.contains("Found no OpenCL device: computing on the plain reference"))
      let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
      #expect(output.contains("on reference"))
    }

    /// However little is to be said: to those too who want no progress, and to programs.
    @Test(arguments: ["--quiet", "--json"])
    func theReferenceIsAlwaysAnnounced(flag: String) throws {
      let outcome = try FalseDriver.run(
        ["bench", "--layers", "3:2", "--data-size", "4", "-k", "2", "--steps", "1", flag],
        environment: ["OCL_ICD_VENDORS": "/no/such/folder/"])
      #expect(outcome.end == .exited(0), "\(outcome.error)")
      #expect(
        outcome.error.contains("Found no OpenCL device: computing on the plain reference"),
        "\(outcome.error)")
      guard flag == "--json" else { return }
      struct Report: Decodable {
        var backend: String
        var device: String
      }
      let report = try decoder.decode(Report.self, from: outcome.output)
      #expect(report.backend == "cpu" && report.device == "reference")
    }
  #endif

  #if os(Linux)
    /// A driver that is installed and cannot be used ends the program with its reason: the reference
    /// would take fifteen times as long.
    @Test func anUnusableDriverIsNotPassedOver() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      try Data("/no/such/libdriver.so\n".utf8).write(to: folder.appending(path: "none.icd"))
      let bench = [
        "bench", "--layers", "3:2", "--data-size", "4", "-k", "2", "--steps", "1", "--quiet",
      ]
      let outcome = try FalseDriver.run(bench, environment: ["OCL_ICD_VENDORS": folder.path + "/"])
      #expect(outcome.end == .exited(ExitCode.noDevice.rawValue), "\(outcome.error)")
      #expect(outcome.error.contains("/no/such/libdriver.so"), "\(outcome.error)")
      let device = try OpenCLDevice.open()
      defer { device.close() }
      guard device.description.platform == "Portable Computing Language" else { return }
      let unwritable = try FalseDriver.run(
        bench, environment: ["POCL_CACHE_DIR": "/dev/null/cache"])
      #expect(unwritable.end == .exited(ExitCode.noDevice.rawValue), "\(unwritable.error)")
      #expect(
        unwritable.error.contains("'/dev/null/cache' cannot be written"), "\(unwritable.error)")
      let many = ProcessInfo.processInfo.processorCount + 1
      // Without what the first OpenCL call of this process has set.
      let tests = try #require(Bundle.main.executableURL)
      let threads = try ChildProcess(
        URL(fileURLWithPath: "/usr/bin/env"),
        [
          "-u", "POCL_AFFINITY", "POCL_MAX_PTHREAD_COUNT=\(many)",
          tests.deletingLastPathComponent().appending(path: "iwae-gpu").path,
        ] + bench, limit: 600)
      #expect(threads.end == .exited(0), "\(threads.error)")
    }
  #endif

  /// Signals do what they did before, once nobody listens.
  @Test func signalsAreGivenBack() {
    typealias Handler = @convention(c) (CInt) -> Void
    let own: Handler = { _ in }
    for handler in [nil, own] {
      signal(SIGUSR1, handler)
      withExtendedLifetime(Interrupt([SIGUSR1])) {}
      let after = signal(SIGUSR1, SIG_DFL)
      #expect(
        unsafeBitCast(after, to: UInt.self) == unsafeBitCast(handler, to: UInt.self))
    }
  }
}
