/// The derivative of what is differentiated with respect to a tensor, as far as it is known. Nothing
/// of it is computed before somebody asks.
struct Cotangent {
  /// The contribution of maps, element by element.
  var formula: Formula?
  /// The tensors that the formula mentions.
  var sources: [Tensor] = []
  /// The contributions of products: `delta W` each.
  var products: [Product] = []

  struct Product: Hashable {
    var delta: Tensor
    var weight: Tensor
  }

  mutating func add(_ contribution: Formula, reading tensors: [Tensor]) {
    formula = formula.map { $0 + contribution } ?? contribution
    for tensor in tensors
    where contribution.variables.contains(tensor.name) && !sources.contains(tensor) {
      sources.append(tensor)
    }
  }
}

/// A formula and the tensors that it mentions.
public struct BoundFormula: Hashable, Sendable {
  public var formula: Formula
  public var sources: [Tensor]

  public init(_ formula: Formula, reading sources: [Tensor]) {
    self.formula = formula
    self.sources = sources
  }
}
