import Compute
import Kernels

/// Kernels that are compiled together: a schedule's source with the operations and the maps that some
/// programs need.
struct KernelModule: Hashable {
  enum File: String, Hashable {
    case walk, sums
    /// The products of tiles.
    case tiles

    /// The name in the catalog.
    var name: String { "\(rawValue).cl" }

    /// True if the file is the same whatever programs need of it, so that it is compiled once.
    var isFixed: Bool { self != .walk }
  }

  let file: File
  /// The families whose kernels are called. A fixed file has those of others as well.
  var families: Set<Compute.Operation.Family> = []
  var maps: Set<MapSignature> = []
  /// Tiles: the forms of products in walks, each of which is compiled for itself.
  var forms: Set<Int> = []

  /// The families with that of the maps.
  var allFamilies: Set<Compute.Operation.Family> {
    maps.isEmpty ? families : families.union([.map])
  }

  func contains(_ other: KernelModule) -> Bool {
    guard file == other.file else { return false }
    return file.isFixed
      || families.isSuperset(of: other.families) && maps.isSuperset(of: other.maps)
        && forms.isSuperset(of: other.forms)
  }

  /// What a walk's kernel consists of.
  private var size: Int {
    (forms.isEmpty ? families : families.subtracting([.multiply])).count + maps.count + forms.count
  }

  private func joined(with other: KernelModule) -> KernelModule {
    KernelModule(
      file: file, families: families.union(other.families), maps: maps.union(other.maps),
      forms: forms.union(other.forms))
  }

  /// The modules with those of one file as one, as long as it stays small.
  static func joined(_ modules: [KernelModule], largest: Int = .max) -> [KernelModule] {
    modules.reduce(into: []) { result, module in
      let place =
        result.firstIndex { $0.contains(module) }
        ?? result.firstIndex { $0.file == module.file && $0.joined(with: module).size <= largest }
      if let place {
        result[place] = result[place].joined(with: module)
      } else {
        result.append(module)
      }
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
    let families =
      module.file.isFixed
      ? [] : module.families.subtracting([.map]).sorted { $0.rawValue < $1.rawValue }
    let numbers = ordered.enumerated().map { ($0.offset, $0.element.0) }
    let file = KernelCatalog.source(
      of: module.file.name,
      replacing: [
        "OPERATIONS": families.map { "#include \"\($0.kernelName).cl\"" }, "MAPS": functions,
      ])
    text =
      KernelPrelude.text + "#define WALK_CASES \(Self.walkCases(families, numbers, module.forms))\n"
      + file
  }

  /// The cases of a walk's switch, one for each kind of operation.
  private static func walkCases(
    _ families: [Compute.Operation.Family], _ maps: [(number: Int, signature: MapSignature)],
    _ forms: Set<Int>
  ) -> String {
    var cases = families.filter { $0 != .multiply || forms.isEmpty }.map { family in
      "case KIND_\(family.kernelName.uppercased()): "
        + "run_\(family.kernelName)(&c, &d, begin, end, scratch); break;"
    }
    let variants = maps.map { number, signature in
      "case \(number): run_map_\(number)(&c, \(signature.productCount > 0 ? "companions, " : "")"
        + "&d, begin, end, scratch); break;"
    }
    if !forms.isEmpty {
      let products = forms.sorted().map {
        "case \($0): run_multiply_form(&c, &d, \($0), begin, end, scratch); break;"
      }
      cases.append(
        "case KIND_MULTIPLY: switch (multiply_form(&d)) { \(products.joined(separator: " ")) } break;"
      )
    }
    if !variants.isEmpty {
      cases.append(
        "case KIND_MAP: switch (d.variant) { \(variants.joined(separator: " ")) } break;")
    }
    return cases.joined(separator: " \\\n  ")
  }
}
