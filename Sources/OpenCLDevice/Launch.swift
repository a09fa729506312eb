/// One kernel launch: work that goes together.
struct Launch: Hashable {
  var kernel: String
  /// In the order in which it is done.
  var work: [Work]
  /// What the launch divides among its work-groups: images, samples, outputs or arena chunks.
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

/// A piece of a launch's work. Operations are named by their positions in the program.
enum Work: Hashable {
  /// An operation as it stands.
  case operation(Int)
  /// A product whose results go straight into a likelihood and nowhere else.
  case product(Int, likelihood: Int)
  /// Multiplies the rows of the input of gradients by their coefficients, in place.
  case scaling(GradientInput)
  /// The gradient of a weight or bias. Its input may hold the coefficients already; with an
  /// optimizer, the gradient goes straight into the update.
  case gradient(Int, isScaled: Bool, optimizer: Int?)

  var operations: [Int] {
    switch self {
    case .operation(let index): [index]
    case .product(let index, let likelihood): [index, likelihood]
    case .scaling: []
    case .gradient(let index, _, _): [index]
    }
  }
}
