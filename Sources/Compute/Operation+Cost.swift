/// What an operation costs at least: arithmetic, and memory touched once.
public struct Cost: Hashable, Sendable {
  public var floatingPointOperations: Double
  public var bytes: Double

  public static func + (a: Cost, b: Cost) -> Cost {
    Cost(
      floatingPointOperations: a.floatingPointOperations + b.floatingPointOperations,
      bytes: a.bytes + b.bytes)
  }

  public static let zero = Cost(floatingPointOperations: 0, bytes: 0)
}

extension Operation {
  /// The cost, counting a multiplication, an addition or a transcendental function as one each.
  ///
  /// - Parameter parameterCount: The elements of all parameters, for operations on whole arenas.
  public func cost(parameterCount: Int) -> Cost {
    if case .adam = self {
      // Reads p, g, m and v; writes p, m and v.
      let count = Double(parameterCount)
      return Cost(floatingPointOperations: 12 * count, bytes: 7 * 4 * count)
    }
    if case .gather(let operation) = self {
      let count = Double(operation.batch.shape.count)
      let rows = Double(operation.indices.shape.count)
      let written = (count + rows) * 4
      return Cost(
        floatingPointOperations: 2 * count,
        bytes: count * Double(operation.source.element.byteCount) + rows * 4 + written)
    }
    let touched = reads + writes
    return Cost(
      floatingPointOperations: arithmetic,
      bytes: touched.reduce(0) { $0 + $1.size * Double($1.element.byteCount) })
  }

  fileprivate var arithmetic: Double {
    switch self {
    case .gather, .adam: 0
    case .multiply(let operation): 2 * operation.output.size * Double(operation.depth)
    case .weightGradient(let operation):
      2 * operation.gradient.size * Double(operation.delta.shape.rows)
    case .biasGradient(let operation): operation.delta.size
    case .reparameterize(let operation): 3 * operation.sample.size
    case .latentTerm(let operation): 5 * operation.sample.size
    case .bernoulli(let operation): 8 * operation.logits.size
    case .gaussian(let operation): 8 * operation.mean.size
    case .logWeight(let operation):
      Double(operation.likelihoods.count + operation.annealed.count) * operation.output.size
    case .estimate(let operation): 12 * operation.logWeights.size
    case .draw(let operation): 6 * operation.logWeights.size + 4 * operation.drawn.size
    case .latentGradient(let operation): 12 * operation.sample.size
    case .sumSamples(let operation): operation.input.size
    case .accumulateWeights(let operation): 6 * operation.logWeights.size
    case .leapfrog(let operation):
      (operation.position == nil ? 2 : 4) * operation.momentum.size
    case .accept(let operation): 6 * operation.accepted.size
    case .select(let operation): operation.choice.size
    case .normalize(let operation): 2 * operation.input.size
    case .logMean(let operation): 4 * operation.output.size
    case .sum(let operation): operation.input.size
    }
  }
}

extension Operation {
  /// The operations of a matrix product; 0 for anything else.
  public var productOperations: Double {
    switch self {
    case .multiply, .weightGradient: arithmetic
    case .gather, .biasGradient, .reparameterize, .latentTerm, .bernoulli, .gaussian, .logWeight,
      .estimate, .draw, .latentGradient, .sumSamples, .accumulateWeights, .leapfrog, .accept,
      .select, .normalize, .logMean, .sum, .adam:
      0
    }
  }
}

extension Program {
  /// The operations of all matrix products.
  public var productOperations: Double {
    operations.reduce(0) { $0 + $1.productOperations }
  }
}

extension Tensor {
  /// The number of elements, as a number that cannot overflow when it is multiplied.
  fileprivate var size: Double { Double(shape.count) }
}
