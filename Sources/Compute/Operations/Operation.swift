/// One step of a program: a plain description of what to compute, with no device in it.
///
/// Matrices have one row per image or per sample. An operand with fewer rows than the operation
/// is broadcast: consecutive rows share one of its rows, as the samples of an image share it.
public enum Operation: Hashable, Sendable {
  case gather(Gather)
  case multiply(Multiply)
  case weightGradient(WeightGradient)
  case noise(Noise)
  case map(Map)
  case columns(Columns)
  case classes(Classes)
  case estimate(Estimate)
  case draw(Draw)
  case accumulateWeights(AccumulateWeights)
  case normalize(Normalize)
  case sum(Sum)
  case logSumExp(LogSumExp)
  case relay(Relay)
  case triangle(Triangle)
  case quadratic(Quadratic)
  case moments(Moments)
  case clip(Clip)
  case adam(Adam)

  /// The kinds of operations, whose numbers kernels know them by.
  public enum Family: Int, Hashable, Sendable, CaseIterable {
    case gather, multiply, weightGradient, noise, map, columns, classes, estimate, draw, clip
    case accumulateWeights, normalize, sum, logSumExp, relay, triangle, quadratic, moments, adam
  }

  /// The operation's family, and the operation as a member of it.
  private var place: (family: Family, member: any OperationFamily) {
    switch self {
    case .gather(let operation): (.gather, operation)
    case .multiply(let operation): (.multiply, operation)
    case .weightGradient(let operation): (.weightGradient, operation)
    case .noise(let operation): (.noise, operation)
    case .map(let operation): (.map, operation)
    case .columns(let operation): (.columns, operation)
    case .classes(let operation): (.classes, operation)
    case .estimate(let operation): (.estimate, operation)
    case .draw(let operation): (.draw, operation)
    case .accumulateWeights(let operation): (.accumulateWeights, operation)
    case .normalize(let operation): (.normalize, operation)
    case .sum(let operation): (.sum, operation)
    case .logSumExp(let operation): (.logSumExp, operation)
    case .relay(let operation): (.relay, operation)
    case .triangle(let operation): (.triangle, operation)
    case .quadratic(let operation): (.quadratic, operation)
    case .moments(let operation): (.moments, operation)
    case .clip(let operation): (.clip, operation)
    case .adam(let operation): (.adam, operation)
    }
  }

  public var family: Family { place.family }

  public var member: any OperationFamily { place.member }

  /// The name used in listings, errors and conformance cases.
  public var kind: String { member.kind }

  /// The operands in kernel order, absent ones included.
  public var operands: [Operand] { member.operands }

  /// The tensors that must hold values before the operation runs. Those of implied
  /// roles are not among them.
  public var reads: [Tensor] { operands.filter(\.isRead).compactMap(\.tensor) }

  /// The tensors that hold values after the operation has run.
  public var writes: [Tensor] { operands.filter(\.isWritten).compactMap(\.tensor) }

  /// The roles of which the operation takes every tensor that the memory holds. None is an operand.
  public var impliedRoles: Set<Role> { member.impliedRoles }

  /// The rows that the operation walks, one after another and independently: samples or images.
  /// Nil where it sums over rows or works on whole arenas.
  public var rows: Int? { member.rows }

  /// The plain tensors of which a row of the operation reads all rows, not only its own.
  public var readsWhole: [Tensor] {
    switch self {
    case .multiply(let product):
      [product.weight].filter { $0.role != .parameter }
    case .quadratic(let quadratic): [quadratic.center, quadratic.scale, quadratic.bias]
    case .moments(let moments):
      [moments.weight, moments.input] + [moments.rowScale].compactMap(\.self)
    case .relay(let relay) where relay.turns: [relay.input]
    default: []
    }
  }
}

/// A kind of operation: its name, its operands, its checks and its cost.
public protocol OperationFamily: Hashable, Sendable {
  /// The name used in listings, errors and conformance cases.
  var kind: String { get }
  /// Its operands in kernel order.
  var operands: [Operand] { get }
  /// The roles of which it takes every tensor that the memory holds, beside its operands.
  var impliedRoles: Set<Role> { get }
  /// The rows that it walks, if it walks rows.
  var rows: Int? { get }
  /// The operations of arithmetic, a transcendental function counting as one.
  var arithmetic: Double { get }
  /// True of a product of matrices, whose arithmetic a device's peak is compared with.
  var isMatrixProduct: Bool { get }
  /// The least cost.
  ///
  /// - Parameter parameterCount: The elements of all parameters.
  func cost(parameterCount: Int) -> Cost
  /// Checks what the list of operands cannot say.
  func validate() throws(ProgramError)
}

extension OperationFamily {
  /// The type's name, from a small letter on.
  public var kind: String {
    let name = "\(Self.self)"
    return name.prefix(1).lowercased() + name.dropFirst()
  }

  public var impliedRoles: Set<Role> { [] }

  public func validate() throws(ProgramError) {}

  /// Refuses an operation for which something does not hold.
  func expect(_ condition: Bool, _ problem: @autoclosure () -> String) throws(ProgramError) {
    guard condition else { throw .invalid(operation: kind, problem: problem()) }
  }
}

/// A family whose operations all have the same operands.
public protocol SlottedFamily: OperationFamily {
  static var slots: [Slot<Self>] { get }
}

extension SlottedFamily {
  public var operands: [Operand] { Self.slots.map { $0.operand(of: self) } }
}
