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
  /// The norms of parts of all gradients, and what shortens those.
  case measure, clip
  /// Blocks of rows through a list of operations.
  case walk
  /// Panels: second copies of weights.
  case transpose
  /// Tiles: a product by itself.
  case product(transposed: Bool)

  var file: KernelModule.File {
    switch self {
    case .walk: .walk
    case .sum, .update, .measure, .clip, .transpose: .sums
    case .product: .tiles
    }
  }

  /// The name in the source.
  var name: String {
    switch self {
    case .walk: "walk_rows"
    case .sum: "sum_rows"
    case .update: "update"
    case .measure: "measure_gradients"
    case .clip: "clip_gradients"
    case .transpose: "transpose_weights"
    case .product(let transposed): transposed ? "multiply_transposed" : "multiply_forward"
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
