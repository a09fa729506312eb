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
  /// A trial of kernels before they are first used: says which case fails, and how; nil if none does. What
  /// it throws is no finding, and nothing is kept of it.
  public typealias Trial = (UntriedKernels) throws(DeviceError) -> String?

  /// Tries the kernels of modules, but for what is known of them; throws if they failed.
  func tryOut(_ modules: [KernelModule]) throws(DeviceError) {
    guard let trial else { return }
    // What the trial itself runs is not tried before.
    self.trial = nil
    defer { self.trial = trial }
    // Of several modules that hold an operation, a trial runs on one: those of a file have a trial each.
    var rest = modules
    while !rest.isEmpty {
      let together = rest.enumerated().filter { index, module in
        !rest[..<index].contains { $0.file == module.file }
      }.map(\.element)
      rest.removeAll(where: together.contains)
      try tryOut(together, trial)
    }
  }

  private func tryOut(_ modules: [KernelModule], _ trial: Trial) throws(DeviceError) {
    let kernels = try modules.map { module throws(DeviceError) in
      (module: module, library: try library(module))
    }
    let families = kernels.map { module, library in
      module.allFamilies.filter { !library.verdict.passed.contains($0.kernelName) }
    }.reduce(into: Set()) { $0.formUnion($1) }
    if !families.isEmpty, kernels.allSatisfy({ $0.library.verdict.failure == nil }) {
      prefer(kernels.map(\.library))
      let maps = kernels.flatMap(\.module.maps).map(\.example)
      let failure = try trial(UntriedKernels(device: self, families: families, maps: maps))
      for (module, library) in kernels {
        if failure == nil {
          library.verdict.passed.formUnion(module.allFamilies.map(\.kernelName))
        }
        library.verdict.failure = failure
        library.storeVerdict()
      }
    }
    for (_, library) in kernels {
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
