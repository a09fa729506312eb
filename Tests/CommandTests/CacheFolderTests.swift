import Commands
import Foundation
import OpenCLDevice
import Testing

@testable import iwae_gpu

/// What is kept between runs of the program.
@Suite struct CacheFolderTests {
  /// What nothing can be kept of is said to be so: it is neither empty nor cleared.
  @Test(arguments: [(["list"], ExitCode.done), (["clear", "kernels"], .fileAccess)])
  func whatHasNoFolderIsSaid(arguments: [String], status: ExitCode) throws {
    let tests = try #require(Bundle.main.executableURL)
    // No folder can be made there.
    let outcome = try ChildProcess(
      tests.deletingLastPathComponent().appending(path: "iwae-gpu"), ["cache"] + arguments,
      environment: ["XDG_CACHE_HOME": "/dev/null/caches", "XDG_STATE_HOME": "/dev/null/states"],
      limit: 60)
    #expect(outcome.end == .exited(status.rawValue), "\(outcome.error)")
    #expect(
      outcome.error.contains("Nothing of the kind 'kernels' is kept: there is no folder"),
      "\(outcome.error)")
  }
}
