import BuildFacts
import OpenCLDevice

/// The program's version, and what it was made of and finds here.
enum Version {
  static let number = "0.1.0"

  /// What is known without asking a driver.
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

  /// The OpenCL that is found here.
  static var runtimes: String { "OpenCL: \(DeviceList.runtimes.joined(separator: "; "))" }
}
