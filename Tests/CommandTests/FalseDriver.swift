import Foundation
import OpenCLDevice
import Testing

/// The program in a process of its own, with a driver that C spoils.
enum FalseDriver {
  static func program() throws -> URL {
    let tests = try #require(Bundle.main.executableURL)
    return tests.deletingLastPathComponent().appending(path: "iwae-gpu")
  }

  static func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> ChildProcess {
    try ChildProcess(program(), arguments, environment: environment, limit: 600)
  }

  /// Compiles C to a library in a new folder.
  static func library(_ text: String, in folder: URL) throws -> URL {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (source, library) = (folder.appending(path: "bad.c"), folder.appending(path: "bad.so"))
    try Data(text.utf8).write(to: source)
    let compiler = try ChildProcess(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["clang", "-shared", "-fPIC", "-o", library.path, source.path], limit: 60)
    try #require(compiler.problem == nil, "\(compiler.error)")
    return library
  }
}
