/// Whether an operation reads an operand, writes it, or both.
public enum Access: Hashable, Sendable {
  case read, write, update
}

/// The shape that an operand must have.
public enum Extent: Hashable, Sendable {
  case exactly(Shape)
  /// A matrix of so many columns, whose rows divide the operation's: consecutive rows share one.
  case broadcast(rows: Int, columns: Int)
  case matrix, vector
  case anything
}

/// The kinds of tensors that an operand may be. Parameters, gradients and data sets lie in ways of
/// their own, so only the operands that are meant for them may be them.
public enum Place: Hashable, Sendable {
  /// An input, output, temporary or state.
  case plain
  case parameter
  /// A gradient or an accumulator.
  case gradient
  case resident
  /// Whatever is elementwise with its like: plain tensors, accumulators, gradients.
  case sum
  /// A plain tensor, or a parameter that is a vector.
  case mapped

  func allows(_ role: Role) -> Bool {
    switch (self, role) {
    case (.plain, .input), (.plain, .output), (.plain, .temporary), (.plain, .state): true
    case (.parameter, .parameter), (.resident, .resident): true
    case (.gradient, .gradient), (.gradient, .accumulator): true
    case (.sum, .gradient), (.sum, .accumulator): true
    case (.mapped, .parameter): true
    case (.sum, _), (.mapped, _): Place.plain.allows(role)
    default: false
    }
  }

  var description: String {
    switch self {
    case .plain: "an input, output, state or temporary"
    case .parameter: "a parameter"
    case .gradient: "a gradient or an accumulator"
    case .resident: "resident"
    case .sum: "a plain tensor, an accumulator or a gradient"
    case .mapped: "an input, output, state, temporary or parameter"
    }
  }
}

/// One operand of one operation.
public struct Operand: Hashable, Sendable {
  /// The name by which kernels and listings know it.
  public let name: String
  /// Nil where the operation does without it.
  public let tensor: Tensor?
  public let access: Access
  public let elements: [Element]
  public let place: Place
  public let extent: Extent
  /// Rows of the operation that share a row of this operand; 0 where all do.
  public let sharing: Int

  init(
    _ name: String, _ tensor: Tensor?, _ access: Access = .read, elements: [Element] = [.float32],
    place: Place = .plain, extent: Extent = .anything, sharing: Int = 1
  ) {
    self.name = name
    self.tensor = tensor
    self.access = access
    self.elements = elements
    self.place = place
    self.extent = extent
    self.sharing = sharing
  }

  public var isRead: Bool { access != .write }
  public var isWritten: Bool { access != .read }
}

/// An operand of every operation of a family. The list of a family's slots, in the order in which its
/// kernels find their operands, is all that the rest of the program knows of them.
public struct Slot<Operation: OperationFamily>: Sendable {
  public let name: String
  private let tensor: @Sendable (Operation) -> Tensor?
  private let access: @Sendable (Operation) -> Access
  private let elements: [Element]
  private let place: Place
  private let extent: @Sendable (Operation) -> Extent

  init(
    _ name: String, _ access: Access = .read, elements: [Element] = [.float32],
    place: Place = .plain, of tensor: @escaping @Sendable (Operation) -> Tensor?,
    extent: @escaping @Sendable (Operation) -> Extent = { _ in .anything }
  ) {
    self.init(
      name, access: { _ in access }, elements: elements, place: place, of: tensor, extent: extent)
  }

  /// An operand that is read in some operations and written in others.
  init(
    _ name: String, access: @escaping @Sendable (Operation) -> Access,
    elements: [Element] = [.float32], place: Place = .plain,
    of tensor: @escaping @Sendable (Operation) -> Tensor?,
    extent: @escaping @Sendable (Operation) -> Extent = { _ in .anything }
  ) {
    self.name = name
    self.tensor = tensor
    self.access = access
    self.elements = elements
    self.place = place
    self.extent = extent
  }

  func operand(of operation: Operation) -> Operand {
    let tensor = tensor(operation)
    let rows = operation.rows ?? 1
    let shared = tensor.map { rows >= $0.shape.rows ? rows / max($0.shape.rows, 1) : 1 } ?? 1
    return Operand(
      name, tensor, access(operation), elements: elements, place: place, extent: extent(operation),
      sharing: max(shared, 1))
  }
}
