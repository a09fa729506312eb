import Compute

/// One kernel launch: work that goes together.
struct Launch: Hashable {
  var kernel: Kernel
  /// In the order in which it is done.
  var work: [Work]
  /// The units that the launch divides among its work-groups: images, samples, outputs or arena
  /// chunks.
  var units: Int
  var unitsPerGroup: Int
  var groups: Int
  var localSize: Int
  /// For each piece of work, the first of its work-groups, where they have their own.
  var firstGroups: [Int] = []

  /// The program's operations that the launch carries out, by their positions. The optimizer, which
  /// many gradients may share, comes last.
  var operations: [Int] {
    let optimizers = work.compactMap {
      if case .gradient(_, _, let optimizer) = $0 { optimizer } else { nil }
    }
    return work.flatMap(\.operations) + Set(optimizers)
  }
}

/// A kernel, by what it does.
enum Kernel: Hashable {
  /// Sums over rows, and the optimizer alone.
  case sum, update
  /// Panels: a block of rows through a list of operations, and second copies of weights.
  case walk, transpose
  /// Tiles: a product, an operation that walks rows, a map.
  case product(transposed: Bool)
  case row(Compute.Operation.Family)
  case map(MapSignature)

  var file: KernelModule.File {
    switch self {
    case .walk: .panels
    case .sum, .update, .transpose: .sums
    case .product: .tiles
    case .row(let family): .tileRow(family)
    case .map: .tileMaps
    }
  }

  /// The name in the source, which numbers maps.
  func name(maps: [MapSignature: Int]) -> String {
    switch self {
    case .walk: "walk_rows"
    case .sum: "sum_rows"
    case .update: "row_adam"
    case .transpose: "transpose_weights"
    case .product(let transposed): transposed ? "multiply_transposed" : "multiply_forward"
    case .row(let family): "row_\(family.kernelName)"
    case .map(let signature): "row_map_\(maps[signature] ?? 0)"
    }
  }
}

/// A piece of a launch's work. Operations are named by their positions in the program.
enum Work: Hashable {
  /// An operation; if it is a map, with the products whose sums go straight into it and nowhere else.
  case operation(Int, products: [Int] = [])
  /// Multiplies the rows of the input of gradients by their coefficients, in place.
  case scaling(GradientInput)
  /// The gradient of a weight or bias. Its input may hold the coefficients already; with an
  /// optimizer, the gradient goes straight into the update.
  case gradient(Int, isScaled: Bool, optimizer: Int?)

  var operations: [Int] {
    switch self {
    case .operation(let index, let products): products + [index]
    case .scaling: []
    case .gradient(let index, _, _): [index]
    }
  }
}
