/// What an operation costs at least: arithmetic, and memory touched once.
public struct Cost: Hashable, Sendable {
  public var floatingPointOperations: Int
  public var bytes: Int

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
      return Cost(floatingPointOperations: 12 * parameterCount, bytes: 7 * 4 * parameterCount)
    }
    if case .gather(let operation) = self {
      let count = operation.batch.shape.count
      let rows = operation.indices.shape.count
      let written = (count + rows) * 4
      return Cost(
        floatingPointOperations: 2 * count,
        bytes: count * operation.source.element.byteCount + rows * 4 + written)
    }
    let touched = reads + writes
    return Cost(
      floatingPointOperations: arithmetic,
      bytes: touched.reduce(0) { $0 + $1.shape.count * $1.element.byteCount })
  }

  private var arithmetic: Int {
    switch self {
    case .gather, .adam: 0
    case .multiply(let operation): 2 * operation.output.shape.count * operation.depth
    case .weightGradient(let operation):
      2 * operation.gradient.shape.count * operation.delta.shape.rows
    case .biasGradient(let operation): operation.delta.shape.count
    case .reparameterize(let operation): 3 * operation.sample.shape.count
    case .latentTerm(let operation): 5 * operation.sample.shape.count
    case .bernoulli(let operation): 8 * operation.logits.shape.count
    case .gaussian(let operation): 8 * operation.mean.shape.count
    case .logWeight(let operation):
      (operation.likelihoods.count + operation.annealed.count) * operation.output.shape.count
    case .estimate(let operation): 12 * operation.logWeights.shape.count
    case .latentGradient(let operation): 12 * operation.sample.shape.count
    case .sumSamples(let operation): operation.input.shape.count
    case .accumulateWeights(let operation): 6 * operation.logWeights.shape.count
    case .sum(let operation): operation.input.shape.count
    }
  }
}
