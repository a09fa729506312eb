import Compute
import Kernels

/// A file of kernels as a device's compiler is given it.
public struct KernelText: Sendable {
  /// `tiles.cl`; of walks, those after the first are `walk-2.cl` and so on.
  public let name: String
  public let source: String
  /// The compiler's options.
  public let options: [String]
  /// The local memory that a group of its kernels is given.
  public let localBytes: Int

  /// The files that programs need under a schedule, as a device that was never tuned compiles them,
  /// and the measure of the peak.
  public static func files(
    of programs: [(program: Program, protection: Protection)], schedule: Schedule
  ) -> [KernelText] {
    let tuning = Tuning(schedule: schedule)
    let options = KernelLibrary.options(defining: tuning.defines)
    let modules = programs.flatMap { program, protection in
      LaunchSequence(
        program, tuning: tuning, computeUnits: 1, parameters: [],
        fusion: .of(protection)
      ).modules
    }
    var walks = 0
    let texts = KernelModule.joined(modules, largest: tuning.largestModule).map { module in
      walks += module.file == .walk ? 1 : 0
      let isFurther = module.file == .walk && walks > 1
      return KernelText(
        name: isFurther ? "walk-\(walks).cl" : module.file.name,
        source: KernelSource(module).text, options: options,
        localBytes: tuning.localBytes(of: module.file))
    }
    let peak = KernelText(
      name: "peak.cl", source: DevicePeak.source(), options: options, localBytes: 0)
    return texts + [peak]
  }
}
