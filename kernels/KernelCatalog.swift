/// The OpenCL sources, embedded in the binary.
public enum KernelCatalog {
  /// The complete source of a program: its file with every `#include` replaced, once, by the file
  /// that it names.
  ///
  /// - Parameters:
  ///   - file: `walk.cl`, `sums.cl`, `tiles.cl` or `peak.cl`.
  ///   - markers: The lines that take the place of a line such as `OPERATIONS`; they may be includes.
  public static func source(of file: String, replacing markers: [String: [String]] = [:]) -> String
  {
    var included: Set<String> = []
    return expand(file, markers, &included)
  }

  private static func expand(
    _ file: String, _ markers: [String: [String]], _ included: inout Set<String>
  ) -> String {
    guard included.insert(file).inserted else { return "" }
    guard let bytes = files[file] else { preconditionFailure("there is no kernel file \(file)") }
    let prefix = "#include \""
    return String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .flatMap { markers[String($0)] ?? [String($0)] }
      .map { line in
        guard line.hasPrefix(prefix) else { return line }
        return expand(String(line.dropFirst(prefix.count).dropLast()), markers, &included)
      }
      .joined(separator: "\n")
  }

  private static let files: [String: [UInt8]] = [
    "accumulate_weights.cl": PackageResources.accumulate_weights_cl,
    "adam.cl": PackageResources.adam_cl,
    "classes.cl": PackageResources.classes_cl,
    "clip.cl": PackageResources.clip_cl,
    "columns.cl": PackageResources.columns_cl,
    "descriptor.cl": PackageResources.descriptor_cl,
    "draw.cl": PackageResources.draw_cl,
    "estimate.cl": PackageResources.estimate_cl,
    "gather.cl": PackageResources.gather_cl,
    "lanes.cl": PackageResources.lanes_cl,
    "log_sum_exp.cl": PackageResources.log_sum_exp_cl,
    "map.cl": PackageResources.map_cl,
    "moments.cl": PackageResources.moments_cl,
    "multiply.cl": PackageResources.multiply_cl,
    "multiply_panels.cl": PackageResources.multiply_panels_cl,
    "multiply_tiles.cl": PackageResources.multiply_tiles_cl,
    "noise.cl": PackageResources.noise_cl,
    "normalize.cl": PackageResources.normalize_cl,
    "numerics.cl": PackageResources.numerics_cl,
    "peak.cl": PackageResources.peak_cl,
    "quadratic.cl": PackageResources.quadratic_cl,
    "relay.cl": PackageResources.relay_cl,
    "special.cl": PackageResources.special_cl,
    "stage.cl": PackageResources.stage_cl,
    "sum.cl": PackageResources.sum_cl,
    "sums.cl": PackageResources.sums_cl,
    "tiles.cl": PackageResources.tiles_cl,
    "triangle.cl": PackageResources.triangle_cl,
    "turn.cl": PackageResources.turn_cl,
    "walk.cl": PackageResources.walk_cl,
    "weight_gradient.cl": PackageResources.weight_gradient_cl,
    "weight_gradient_panels.cl": PackageResources.weight_gradient_panels_cl,
    "weight_gradient_tiles.cl": PackageResources.weight_gradient_tiles_cl,
  ]
}
