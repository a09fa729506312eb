/// The least cost of an operation: its arithmetic, and its memory touched once.
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
    member.cost(parameterCount: parameterCount)
  }

  /// The operations of a matrix product; 0 for anything else.
  public var productOperations: Double {
    member.isMatrixProduct ? member.arithmetic : 0
  }
}

extension OperationFamily {
  public var isMatrixProduct: Bool { false }

  /// The arithmetic, and every operand touched once for each way of access.
  public func cost(parameterCount: Int) -> Cost {
    let touched = operands.filter(\.isRead) + operands.filter(\.isWritten)
    return Cost(
      floatingPointOperations: arithmetic,
      bytes: touched.compactMap(\.tensor).reduce(0) { $0 + Double($1.byteCount) })
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
