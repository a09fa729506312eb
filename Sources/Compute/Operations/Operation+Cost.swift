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
    switch self {
    case .adam:
      // Reads p, g, m and v; writes p, m and v.
      let count = Double(parameterCount)
      return Cost(floatingPointOperations: 12 * count, bytes: 7 * 4 * count)
    case .gather(let operation):
      // Of the data set and its order, only the batch's rows are touched.
      let count = Double(operation.batch.shape.count)
      let rows = Double(operation.indices.shape.count)
      return Cost(
        floatingPointOperations: operation.arithmetic,
        bytes: count * Double(operation.source.element.byteCount) + rows * 4 + (count + rows) * 4)
    default:
      return Cost(
        floatingPointOperations: member.arithmetic,
        bytes: (reads + writes).reduce(0) { $0 + Double($1.byteCount) })
    }
  }

  /// The operations of a matrix product; 0 for anything else.
  public var productOperations: Double {
    switch self {
    case .multiply(let operation): operation.arithmetic
    case .weightGradient(let operation): operation.arithmetic
    case .gather, .biasGradient, .noise, .map, .estimate, .draw, .accumulateWeights, .normalize,
      .logMean, .sumSamples, .sum, .adam:
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
  var size: Double { Double(shape.count) }
}
