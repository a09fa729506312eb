import Compute

/// All that a map's code depends on: its formulas and how its operands are reached, not what they are
/// or how large. Maps of one signature share their code.
struct MapSignature: Hashable {
  enum Input: Hashable {
    /// An element, of a row of its own or of one that some rows share.
    case element(isShared: Bool)
    case rowValue(isShared: Bool)
    case columnValue
    case single
    /// One of the products whose sums the map takes before they are stored.
    case product(Int)
  }

  enum Output: Hashable {
    case element
    /// The sum over a row, into a vector or into the only column of a matrix.
    case sum(isColumn: Bool)
  }

  let inputs: [Input]
  let outputs: [Output]
  /// One for each output; input k is called `ik`.
  let formulas: [Formula]
  let isOfVectors: Bool

  /// - Parameter products: The tensors that come straight from products.
  init(_ map: Map, products: [Tensor] = []) {
    isOfVectors = map.isOfVectors
    let operands = map.operands
    inputs = zip(map.inputs, operands).map { tensor, operand in
      if let product = products.firstIndex(of: tensor) { return .product(product) }
      return switch map.reading(of: tensor) {
      case .element: .element(isShared: operand.sharing > 1)
      case .rowValue: .rowValue(isShared: operand.sharing > 1)
      case .columnValue: .columnValue
      case .single: .single
      }
    }
    outputs = map.results.map { result in
      result.isSum ? .sum(isColumn: !result.tensor.shape.isVector) : .element
    }
    var names: [String: Formula] = [:]
    for (index, tensor) in map.inputs.enumerated() { names[tensor.name] = .variable("i\(index)") }
    formulas = map.results.map { $0.formula.substituting(names) }
  }

  /// The number of products that it takes.
  var productCount: Int {
    inputs.count { if case .product = $0 { true } else { false } }
  }
}
