import Compute
import Kernels

/// A file of kernels as a device's compiler is given it.
public struct KernelText: Sendable {
  /// `tiles.cl`
  public let name: String
  public let source: String
  /// The compiler's options.
  public let options: [String]

  /// The files that programs need under a schedule, as a device that was never tuned compiles them,
  /// and the measure of the peak.
  public static func files(of programs: [Program], schedule: Schedule) -> [KernelText] {
    let tuning = Tuning(schedule: schedule)
    let options = KernelLibrary.options(defining: tuning.defines)
    let modules = programs.flatMap {
      LaunchSequence($0, tuning: tuning, computeUnits: 1, parameters: []).modules
    }
    let sources = KernelModule.joined(modules).map {
      ($0.file.name, KernelSource($0).text)
    }
    return (sources + [("peak.cl", KernelCatalog.source(of: "peak.cl"))]).map { name, source in
      KernelText(name: name, source: source, options: options)
    }
  }
}
