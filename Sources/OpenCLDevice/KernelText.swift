import Compute
import Kernels

/// A file of kernels as a device's compiler is given it.
public struct KernelText: Sendable {
  /// `tiles.cl`
  public let name: String
  public let source: String
  /// The compiler's options.
  public let options: [String]
  /// The local memory that a group of its kernels is given.
  public let localBytes: Int

  /// The files that programs need under a schedule, as a device that was never tuned compiles them,
  /// and the measure of the peak.
  public static func files(of programs: [Program], schedule: Schedule) -> [KernelText] {
    let tuning = Tuning(schedule: schedule)
    let options = KernelLibrary.options(defining: tuning.defines)
    let modules = programs.flatMap {
      LaunchSequence($0, tuning: tuning, computeUnits: 1, parameters: []).modules
    }
    let texts = KernelModule.joined(modules).map { module in
      KernelText(
        name: module.file.ownName, source: KernelSource(module).text, options: options,
        localBytes: tuning.localBytes(of: module.file))
    }
    let peak = KernelText(
      name: "peak.cl", source: KernelCatalog.source(of: "peak.cl"), options: options,
      localBytes: 0)
    return texts + [peak]
  }
}
