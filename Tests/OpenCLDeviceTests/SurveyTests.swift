import Foundation
import Testing

@testable import OpenCLDevice

/// What surveys leave in folders that everybody may write to, while they last.
@Suite struct SurveyTests {
  /// Whoever could add a file would have a driver of theirs loaded.
  @Test func aDriverAloneIsInAFolderOfOnesOwn() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).icd")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("libNone.so".utf8).write(to: file)
    let folder = try DriverFiles.alone(file) { environment in
      let folder = try #require(environment["OPENCL_VENDOR_PATH"])
      var status = stat()
      let code = stat(folder, &status)
      #expect(code == 0 && status.st_mode & 0o777 == 0o700)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names == [file.lastPathComponent])
      return folder
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  #if os(Linux)
    /// The files that take what a program says are in one too.
    @Test func whatAProgramSaysIsInAFolderOfOnesOwn() throws {
      let child = try ChildProcess(
        URL(fileURLWithPath: "/bin/sh"),
        ["-c", "stat -c %a \"$(dirname \"$(readlink /proc/$$/fd/1)\")\""], limit: 60)
      #expect(child.end == .exited(0), "\(child.error)")
      #expect(String(decoding: child.output, as: UTF8.self) == "700\n")
    }
  #endif
}
