import Compute

/// Kernels that a process is about to be the first to use.
public struct UntriedKernels {
  public let device: OpenCLDevice
  /// The families of operations that they carry out.
  public let families: Set<Compute.Operation.Family>
  /// A small program for each of their maps.
  public let maps: [Program]

  /// True if a program runs on these kernels, so that trying it compiles nothing.
  public func serve(_ program: Program, protection: Protection) -> Bool {
    device.isReady(for: program, protection: protection)
  }
}

/// The findings of trials of a module's kernels.
struct Verdict: Hashable, Codable {
  /// The families of operations that passed, by their kernels' names.
  var passed: Set<String> = []
  /// The case that failed, and how.
  var failure: String?
}

extension OpenCLDevice {
  /// A trial of kernels before they are first used: says which case fails, and how; nil if none does.
  public typealias Trial = (UntriedKernels) -> String?

  /// Tries the kernels of some programs, but for what is known of them; throws if they failed.
  func tryOut(_ programs: [Program], in modules: [KernelModule]) throws(DeviceError) {
    guard let trial else { return }
    // What the trial itself runs is not tried before.
    self.trial = nil
    defer { self.trial = trial }
    let libraries = try modules.map { module throws(DeviceError) in try library(module) }
    let families = Set(programs.flatMap(\.operations).map(\.family)).filter { family in
      libraries.contains { !$0.verdict.passed.contains(family.kernelName) }
    }
    if !families.isEmpty, !libraries.contains(where: { $0.verdict.failure != nil }) {
      let maps = Set(modules.flatMap(\.maps)).map(\.example)
      let failure = trial(UntriedKernels(device: self, families: families, maps: maps))
      for library in libraries {
        if failure == nil { library.verdict.passed.formUnion(families.map(\.kernelName)) }
        library.verdict.failure = failure
        library.storeVerdict()
      }
    }
    for library in libraries {
      guard let failure = library.verdict.failure else { continue }
      throw .wrongResults(
        device: "\(description.name) (\(description.platform), driver \(description.driver))",
        case: failure, record: library.verdictPath)
    }
  }

  /// True if all kernels that a program needs are compiled or loaded.
  func isReady(for program: Program, protection: Protection) -> Bool {
    LaunchSequence(
      program, tuning: tuning, computeUnits: description.computeUnits, parameters: [],
      fusion: .of(protection)
    ).modules.allSatisfy { module in loaded.contains { $0.module.contains(module) } }
  }
}
