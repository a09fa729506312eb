/// The OpenCL sources, embedded in the binary.
public enum KernelCatalog {
  /// The complete source of a program: its file with every `#include` replaced, once, by the file
  /// that it names.
  ///
  /// - Parameter file: `panels.cl`, `tiles.cl` or `peak.cl`.
  public static func source(of file: String) -> String {
    var included: Set<String> = []
    return expand(file, &included)
  }

  private static func expand(_ file: String, _ included: inout Set<String>) -> String {
    guard included.insert(file).inserted else { return "" }
    guard let bytes = files[file] else { preconditionFailure("there is no kernel file \(file)") }
    let prefix = "#include \""
    return String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in
        line.hasPrefix(prefix)
          ? expand(String(line.dropFirst(prefix.count).dropLast()), &included) : String(line)
      }
      .joined(separator: "\n")
  }

  private static let files: [String: [UInt8]] = [
    "lanes.cl": PackageResources.lanes_cl,
    "numerics.cl": PackageResources.numerics_cl,
    "noise.cl": PackageResources.noise_cl,
    "descriptor.cl": PackageResources.descriptor_cl,
    "draw.cl": PackageResources.draw_cl,
    "gather.cl": PackageResources.gather_cl,
    "latent.cl": PackageResources.latent_cl,
    "likelihood.cl": PackageResources.likelihood_cl,
    "estimator.cl": PackageResources.estimator_cl,
    "optimizer.cl": PackageResources.optimizer_cl,
    "finish.cl": PackageResources.finish_cl,
    "panels.cl": PackageResources.panels_cl,
    "peak.cl": PackageResources.peak_cl,
    "stream.cl": PackageResources.stream_cl,
    "tiles.cl": PackageResources.tiles_cl,
    "transition.cl": PackageResources.transition_cl,
  ]
}
