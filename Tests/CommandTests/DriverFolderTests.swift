#if os(Linux)
  import Commands
  import Foundation
  import OpenCLDevice
  import Testing

  @testable import iwae_gpu

  @Suite struct DriverFolderTests {
    /// A driver may be installed there, and is not passed over: the reference would take fifteen times as
    /// long.
    @Test func aFolderThatCannotBeListedIsNotPassedOver() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let (loop, closed) = (
        folder.appending(path: "loop").path, folder.appending(path: "closed").path
      )
      try #require(symlink(loop, loop) == 0)
      try #require(mkdir(closed, 0) == 0)
      let tests = try #require(Bundle.main.executableURL)
      let program = tests.deletingLastPathComponent().appending(path: "iwae-gpu")
      let bench = [
        "bench", "--layers", "3:2", "--data-size", "4", "-k", "2", "--steps", "1", "--quiet",
      ]
      // The superuser may look everywhere.
      for place in [loop, closed + "/"].dropLast(geteuid() == 0 ? 1 : 0) {
        for arguments in [bench, ["devices"]] {
          let outcome = try ChildProcess(
            program, arguments, environment: ["OCL_ICD_VENDORS": place], limit: 60)
          #expect(outcome.end == .exited(ExitCode.noDevice.rawValue), "\(outcome.error)")
          #expect(outcome.error.contains("'\(place)' could not be "), "\(outcome.error)")
        }
      }
    }
  }
#endif
