import Files
import Foundation
import Testing

@testable import OpenCLDevice

/// Drivers that are looked for, and programs that are asked for them.
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

  /// A driver may be installed where nobody can look; where nothing is, none is.
  @Test func whereNobodyCanLookADriverMayBe() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path
    try FileCalls.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (loop, closed, file) = ("\(folder)/loop", "\(folder)/closed", "\(folder)/file.so")
    try Files.write(Data(), to: file)
    try #require(symlink(loop, loop) == 0)
    try FileCalls.makeFolder(closed)
    try #require(chmod(closed, 0) == 0)
    // The superuser may look everywhere.
    for place in [loop, "\(loop)/below", file, closed].dropLast(geteuid() == 0 ? 1 : 0) {
      let environment = ["OCL_ICD_VENDORS": place]
      #expect(throws: FileAccessError.self) { try DriverFiles.all(environment) }
      let problems = DriverFiles.problems(environment)
      #expect(problems.count == 1 && problems[0].hasPrefix("'\(place)' could not be "))
    }
    for place in [folder, "\(folder)/none", "\(folder)/none/", "/dev/null"] {
      #expect(try DriverFiles.all(["OCL_ICD_VENDORS": place]).isEmpty)
      #expect(DriverFiles.problems(["OPENCL_VENDOR_PATH": place]).isEmpty)
    }
    for name in ["b.icd", "a.icd", "c.txt"] {
      try Files.write(Data("/no/such/library.so\n".utf8), to: "\(folder)/\(name)")
    }
    let environment = ["OCL_ICD_VENDORS": folder + "/"]
    #expect(try DriverFiles.all(environment).map(\.lastPathComponent) == ["a.icd", "b.icd"])
    let problems = DriverFiles.problems(environment)
    #expect(problems.count == 2 && problems.allSatisfy { $0.contains("/no/such/library.so") })
  }

  private func shell(_ script: String, limit: Double = 60) throws -> ChildProcess {
    try ChildProcess(URL(fileURLWithPath: "/bin/sh"), ["-c", script], limit: limit)
  }

  /// Nothing of this process but its environment is the program's: no file, and no signal that is ignored here.
  @Test func nothingElseIsPassedOn() throws {
    var ends: [CInt] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let looks = ends.map { "[ ! -e /dev/fd/\($0) ] || echo \($0)" }
    let others = try shell(looks.joined(separator: "\n"))
    #expect(others.output.isEmpty, "\(String(decoding: others.output, as: UTF8.self)) are open")
    let before = (signal(SIGTERM, SIG_IGN), signal(SIGCHLD, SIG_IGN))
    defer {
      signal(SIGTERM, before.0)
      signal(SIGCHLD, before.1)
    }
    #expect(try shell("kill -TERM $$; sleep 30").end == .killed(signal: SIGTERM))
    signal(SIGCHLD, SIG_IGN)
    #expect(try shell("exit 3").end == .exited(3))
  }

  #if os(Linux)
    /// A program's words come through pipes, which have no names that others could open.
    @Test func whatAProgramSaysIsOnesOwn() throws {
      let child = try shell("for f in 0 1 2; do readlink /proc/$$/fd/$f; done")
      #expect(child.end == .exited(0), "\(child.error)")
      let places = String(decoding: child.output, as: UTF8.self).split(separator: "\n")
      try #require(places.count == 3)
      #expect(places[0] == "/dev/null")
      #expect(places[1...].allSatisfy { $0.hasPrefix("pipe:") } && places[1] != places[2])
    }
  #endif

  @Test func everyEndIsTold() throws {
    #expect(try shell("exit 3").end == .exited(3))
    #expect(try shell("kill -KILL $$").end == .killed(signal: SIGKILL))
    let slow = try shell("echo before; exec sleep 60", limit: 0.5)
    #expect(slow.end == .tookTooLong(seconds: 0.5))
    #expect(slow.output == Data("before\n".utf8))
    let error = #expect(throws: FileAccessError.self) {
      try ChildProcess(URL(fileURLWithPath: "/no/such/program"), [], limit: 1)
    }
    #expect(
      error?.description
        == "'/no/such/program' could not be started: No such file or directory.")
  }

  /// More than a pipe holds, on both at once; and a program that ends before one that it started.
  @Test func everythingIsHeard() throws {
    let much = try shell("head -c 300000 /dev/zero >&2; head -c 3000000 /dev/zero")
    #expect(much.end == .exited(0) && much.output.count == 3_000_000)
    #expect(much.error.utf8.count == 300_000)
    let clock = ContinuousClock()
    let start = clock.now
    let left = try shell("sleep 20 & echo done")
    #expect(left.end == .exited(0) && left.output == Data("done\n".utf8))
    #expect(start.duration(to: clock.now) < .seconds(10))
  }
}
