/// The use that an operation makes of an operand; an update reads it and writes it.
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
public struct Place: Hashable, Sendable {
  public let description: String
  public let roles: Set<Role>

  private init(_ description: String, _ roles: Set<Role>) {
    (self.description, self.roles) = (description, roles)
  }

  public static let plain = Place(
    "an input, output, state or temporary", [.input, .output, .state, .temporary])
  public static let parameter = Place("a parameter", [.parameter])
  /// The matrix that rows are multiplied by: a parameter, or rows that were worked out from some.
  public static let factor = Place(
    "a parameter, input, output, state or temporary", plain.roles.union(parameter.roles))
  public static let gradient = Place(
    "a gradient or an accumulator", [.gradient, .accumulator])
  public static let resident = Place("resident", [.resident])
  /// An operand that is added to others of its kind, element by element.
  public static let sum = Place(
    "a plain tensor, an accumulator or a gradient", plain.roles.union(gradient.roles))
  public static let any = Place("float numbers", sum.roles.union(parameter.roles))
  /// In formulas, where a parameter is a vector.
  public static let mapped = Place(
    "an input, output, state, temporary or parameter", plain.roles.union(parameter.roles))
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
  private let access: Access
  private let accumulates: @Sendable (Operation) -> Bool
  private let elements: [Element]
  private let place: Place
  private let extent: @Sendable (Operation) -> Extent

  /// - Parameter accumulates: True of an operation that adds to what the operand holds.
  init(
    _ name: String, _ access: Access = .read,
    accumulates: @escaping @Sendable (Operation) -> Bool = { _ in false },
    elements: [Element] = [.float32], place: Place = .plain,
    of tensor: @escaping @Sendable (Operation) -> Tensor?,
    extent: @escaping @Sendable (Operation) -> Extent = { _ in .anything }
  ) {
    self.name = name
    self.tensor = tensor
    self.access = access
    self.accumulates = accumulates
    self.elements = elements
    self.place = place
    self.extent = extent
  }

  func operand(of operation: Operation) -> Operand {
    let tensor = tensor(operation)
    let rows = operation.rows ?? 1
    let shared = tensor.map { rows >= $0.shape.rows ? rows / max($0.shape.rows, 1) : 1 } ?? 1
    return Operand(
      name, tensor, accumulates(operation) ? .update : access, elements: elements, place: place,
      extent: extent(operation), sharing: max(shared, 1))
  }
}
