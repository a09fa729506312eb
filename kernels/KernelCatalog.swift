/// The OpenCL sources, embedded in the binary.
public enum KernelCatalog {
  /// The complete source of a program: its file with every `#include` replaced, once, by the file
  /// that it names.
  ///
  /// - Parameters:
  ///   - file: `panels.cl`, `sums.cl`, `tiles.cl`, `tile_maps.cl` or `peak.cl`.
  ///   - operations: The names of the operations whose files take the place of a line `OPERATIONS`.
  public static func source(of file: String, operations: [String] = []) -> String {
    var included: Set<String> = []
    return expand(file, operations, &included)
  }

  private static func expand(
    _ file: String, _ operations: [String], _ included: inout Set<String>
  ) -> String {
    guard included.insert(file).inserted else { return "" }
    guard let bytes = files[file] else { preconditionFailure("there is no kernel file \(file)") }
    let prefix = "#include \""
    return String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in
        let names =
          line == "OPERATIONS"
          ? operations.map { "\($0).cl" }
          : line.hasPrefix(prefix) ? [String(line.dropFirst(prefix.count).dropLast())] : nil
        guard let names else { return String(line) }
        return names.map { expand($0, operations, &included) }.joined(separator: "\n")
      }
      .joined(separator: "\n")
  }

  private static let files: [String: [UInt8]] = [
    "accumulate_weights.cl": PackageResources.accumulate_weights_cl,
    "adam.cl": PackageResources.adam_cl,
    "descriptor.cl": PackageResources.descriptor_cl,
    "draw.cl": PackageResources.draw_cl,
    "estimate.cl": PackageResources.estimate_cl,
    "gather.cl": PackageResources.gather_cl,
    "lanes.cl": PackageResources.lanes_cl,
    "log_mean.cl": PackageResources.log_mean_cl,
    "map.cl": PackageResources.map_cl,
    "multiply.cl": PackageResources.multiply_cl,
    "noise.cl": PackageResources.noise_cl,
    "normalize.cl": PackageResources.normalize_cl,
    "numerics.cl": PackageResources.numerics_cl,
    "panels.cl": PackageResources.panels_cl,
    "peak.cl": PackageResources.peak_cl,
    "row_kernel.cl": PackageResources.row_kernel_cl,
    "special.cl": PackageResources.special_cl,
    "sum.cl": PackageResources.sum_cl,
    "sums.cl": PackageResources.sums_cl,
    "tile_maps.cl": PackageResources.tile_maps_cl,
    "tiles.cl": PackageResources.tiles_cl,
    "weight_gradient.cl": PackageResources.weight_gradient_cl,
  ]
}
