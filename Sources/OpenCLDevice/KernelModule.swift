import Compute
import Kernels

/// Kernels that are compiled together: a schedule's source with the operations and the maps that some
/// programs need.
struct KernelModule: Hashable {
  enum File: Hashable {
    /// The walks of panels, and sums over rows.
    case panels, sums
    /// The products of tiles, an operation of theirs that walks rows, and their maps.
    case tiles
    case tileRow(Compute.Operation.Family)
    case tileMaps

    /// The name in the catalog.
    var name: String {
      switch self {
      case .panels: "panels.cl"
      case .sums: "sums.cl"
      case .tiles: "tiles.cl"
      case .tileRow, .tileMaps: "tile_rows.cl"
      }
    }

    /// A name that no other file has.
    var ownName: String {
      if case .tileRow(let family) = self { "row_\(family.kernelName).cl" } else { name }
    }

    /// True if the file is the same whatever programs need of it, so that it is compiled once.
    var isFixed: Bool { self != .panels && self != .tileMaps }
  }

  let file: File
  /// The families whose kernels are called; a fixed file has all that it is for.
  var families: Set<Compute.Operation.Family> = []
  var maps: Set<MapSignature> = []

  func contains(_ other: KernelModule) -> Bool {
    file == other.file && families.isSuperset(of: other.families)
      && maps.isSuperset(of: other.maps)
  }

  /// False if the module's file is another family's.
  func mayHold(_ family: Compute.Operation.Family) -> Bool {
    if case .tileRow(let own) = file { own == family } else { true }
  }

  /// The modules with those of one file as one.
  static func joined(_ modules: [KernelModule]) -> [KernelModule] {
    modules.reduce(into: []) { result, module in
      guard let known = result.firstIndex(where: { $0.file == module.file }) else {
        result.append(module)
        return
      }
      result[known].families.formUnion(module.families)
      result[known].maps.formUnion(module.maps)
    }
  }
}

/// A module's source, and the number of each of its maps.
struct KernelSource {
  let text: String
  let maps: [MapSignature: Int]

  init(_ module: KernelModule) {
    // Maps have an order that depends on themselves alone, so that equal modules have equal sources.
    let ordered = module.maps
      .map { signature -> (MapSignature, String) in
        var source = MapSource(signature, number: 0)
        return (signature, source.function())
      }
      .sorted { $0.1 < $1.1 }
    var maps: [MapSignature: Int] = [:]
    var functions: [String] = []
    for (number, (signature, _)) in ordered.enumerated() {
      maps[signature] = number
      var source = MapSource(signature, number: number)
      functions.append(source.function())
    }
    self.maps = maps
    var families = module.families.filter { $0 != .map }.sorted { $0.rawValue < $1.rawValue }
    if case .tileRow(let family) = module.file { families = [family] }
    let numbers = ordered.enumerated().map { ($0.offset, $0.element.0) }
    let rowKernels =
      families.map { "ROW_KERNEL(\($0.kernelName))" }
      + numbers.map { "ROW_KERNEL(map_\($0.0))" }
    let file = KernelCatalog.source(
      of: module.file.name,
      replacing: [
        "OPERATIONS": families.map { "#include \"\($0.kernelName).cl\"" }, "MAPS": functions,
        "ROW_KERNELS": rowKernels,
      ])
    text = KernelPrelude.text + "#define WALK_CASES \(Self.walkCases(families, numbers))\n" + file
  }

  /// The cases of a walk's switch, one for each kind of operation.
  private static func walkCases(
    _ families: [Compute.Operation.Family], _ maps: [(number: Int, signature: MapSignature)]
  ) -> String {
    var cases = families.map { family in
      "case KIND_\(family.kernelName.uppercased()): "
        + "run_\(family.kernelName)(&c, &d, begin, end, scratch); break;"
    }
    let variants = maps.map { number, signature in
      "case \(number): run_map_\(number)(&c, \(signature.productCount > 0 ? "companions, " : "")"
        + "&d, begin, end, scratch); break;"
    }
    if !variants.isEmpty {
      cases.append(
        "case KIND_MAP: switch (d.variant) { \(variants.joined(separator: " ")) } break;")
    }
    return cases.joined(separator: " \\\n  ")
  }
}
