import Compute
import Kernels

/// A file of kernels as a device's compiler is given it.
public struct KernelText: Sendable {
  /// `tiles.cl`; of walks, those of cases after the first are `walk-2.cl` and so on, and a run's has
  /// its name, as `walk-run-burda-1-training.cl`.
  public let name: String
  public let source: String
  /// The compiler's options.
  public let options: [String]
  /// The local memory that a group of its kernels is given.
  public let localBytes: Int

  /// Programs that a device is made ready for together.
  public struct Group {
    /// Nil for what has no name.
    let name: String?
    let programs: [(program: Program, protection: Protection)]

    /// The programs of cases, in modules that stay small.
    public static func cases(_ programs: [(program: Program, protection: Protection)]) -> Group {
      Group(name: nil, programs: programs)
    }

    /// The programs of a run, whose walks are one module.
    public static func run(_ name: String, _ programs: [Program]) -> Group {
      Group(name: name, programs: programs.map { ($0, .none) })
    }

    fileprivate func modules(_ tuning: Tuning) -> [KernelModule] {
      let modules = programs.flatMap { program, protection in
        LaunchSequence(
          program, tuning: tuning, computeUnits: 1, parameters: [], fusion: .of(protection)
        ).modules
      }
      return KernelModule.joined(modules, largest: name == nil ? tuning.largestModule : .max)
    }

    fileprivate func fileName(_ file: KernelModule.File, _ number: Int) -> String {
      if let name, !file.isFixed { return "\(file.rawValue)-\(name).cl" }
      return number == 1 ? file.name : "\(file.rawValue)-\(number).cl"
    }
  }

  /// The files that groups of programs need, and the measure of the peak.
  public static func files(of groups: [Group], tuning: Tuning) -> [KernelText] {
    let options = KernelLibrary.options(defining: tuning.defines)
    var texts: [KernelText] = []
    for group in groups {
      var counts: [KernelModule.File: Int] = [:]
      for module in group.modules(tuning) {
        counts[module.file, default: 0] += 1
        let name = group.fileName(module.file, counts[module.file] ?? 1)
        // What is the same for all is there once.
        guard !texts.contains(where: { $0.name == name }) else { continue }
        texts.append(
          KernelText(
            name: name, source: KernelSource(module).text, options: options,
            localBytes: tuning.localBytes(of: module.file)))
      }
    }
    let peak = KernelText(
      name: "peak.cl", source: DevicePeak.source(), options: options, localBytes: 0)
    return texts + [peak]
  }
}
