#if os(Linux)
  import Commands
  import Foundation
  import OpenCLDevice
  import Testing

  @testable import iwae_gpu

  /// Few files, threads or bytes end the program with an error, and not by a signal or never.
  @Suite struct ScarcityTests {
    /// The program in a process of its own, whose limits a shell sets before.
    private func program(_ limits: String, _ arguments: [String]) throws -> ChildProcess {
      let tests = try #require(Bundle.main.executableURL)
      let program = tests.deletingLastPathComponent().appending(path: "iwae-gpu").path
      return try ChildProcess(
        URL(fileURLWithPath: "/bin/sh"),
        ["-c", "\(limits) || exit 77; exec \"$0\" \"$@\"", program] + arguments,
        limit: 120)
    }

    private func expectOwnWords(_ child: ChildProcess) {
      guard case .exited = child.end else {
        Issue.record("\(child.end): \(child.error)")
        return
      }
      for foreign in ["NSCocoa", "NSPOSIX", "Domain=", "Found no OpenCL"] {
        #expect(!child.error.contains(foreign), "\(child.error)")
      }
    }

    private static let bench = [
      "bench", "--layers", "3:2", "--data-size", "4", "-k", "2", "--steps", "1", "--quiet",
    ]

    private static let commands = [
      ["devices"], bench, bench + ["--backend", "cpu"], ["evaluate", "none", "--backend", "cpu"],
    ]

    @Test(arguments: [6, 8, 12, 16]) func fewFilesAreRefused(files: Int) throws {
      for arguments in Self.commands {
        let child = try program("ulimit -n \(files)", arguments)
        expectOwnWords(child)
        #expect(child.end == .exited(ExitCode.failed.rawValue), "\(arguments): \(child.error)")
        #expect(child.error.contains("needs 20 more open files, and the system gives it "))
        #expect(child.error.split(separator: "\n").count == 1, "\(child.error)")
      }
    }

    @Test(arguments: [32, 64]) func someFilesAreEnough(files: Int) throws {
      // Drivers may want more than the program does.
      for arguments in Self.commands.dropLast() where files > 32 || arguments.contains("cpu") {
        let child = try program("ulimit -n \(files)", arguments)
        expectOwnWords(child)
        #expect(child.end == .exited(ExitCode.done.rawValue), "\(arguments): \(child.error)")
      }
    }

    /// Sanitizers take more than such limits allow.
    private static let hasRoom = ProcessInfo.processInfo.environment["ASAN_OPTIONS"] == nil

    /// As where a user may have no more processes: no thread gets so large a stack.
    @Test(.enabled(if: Self.hasRoom, "Sanitizers need more."))
    func fewThreadsAreRefused() throws {
      for arguments in Self.commands {
        let child = try program("ulimit -s \(1 << 34)", arguments)
        // Where the system has a limit of its own, this one cannot be set.
        if child.end == .exited(77) {
          print("fewThreadsAreRefused is skipped: the system limits stacks by itself.")
          return
        }
        expectOwnWords(child)
        #expect(child.end == .exited(ExitCode.failed.rawValue), "\(arguments): \(child.error)")
        #expect(child.error.contains("needs 4 more threads, and the system gives it 0"))
      }
    }

    @Test(.enabled(if: Self.hasRoom, "Sanitizers need more."))
    func littleMemoryIsRefused() throws {
      let child = try program(
        "ulimit -v 256000",
        ["bench", "--backend", "cpu", "--layers", "4000:50", "-k", "50", "--steps", "1"])
      expectOwnWords(child)
      #expect(child.end == .exited(ExitCode.failed.rawValue), "\(child.error)")
      #expect(child.error.contains("reference has too little memory for"), "\(child.error)")
    }
  }
#endif
