import BuildFacts
import Foundation
import OpenCLDevice

/// The program's version, and what it was made of and finds here.
enum Version {
  static let number = "0.2.0-dev"

  /// The version and the build, which are known without asking a driver.
  static var build: String {
    let commit = String(cString: build_commit())
    #if MPI
      let features = "MPI"
    #else
      let features = "none"
    #endif
    return "iwae-gpu \(number) (\(commit.isEmpty ? "commit unknown" : "commit \(commit)"))\n"
      + "features: \(features)"
  }

  /// The OpenCL that is found here, asked by a process of its own: a driver may end the one that asks it.
  static var runtimes: String {
    guard let program = Bundle.main.executableURL, program.lastPathComponent == "iwae-gpu" else {
      return ownRuntimes
    }
    do {
      let child = try ChildProcess(program, ["devices", "--runtimes"], limit: 30)
      return child.problem.map { "OpenCL: asking the drivers failed, it \($0)" }
        ?? String(decoding: child.output, as: UTF8.self).split(separator: "\n").joined(
          separator: "\n")
    } catch {
      return "OpenCL: not asked. \(error)"
    }
  }

  /// The same, asked by this process.
  static var ownRuntimes: String { "OpenCL: \(DeviceList.runtimes.joined(separator: "; "))" }
}
