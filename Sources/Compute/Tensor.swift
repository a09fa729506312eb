/// The extent of a tensor: a plain vector, or a matrix whose rows are samples or outputs.
public struct Shape: Hashable, Sendable {
  /// The number of rows; a vector has one value a row.
  public let rows: Int
  /// The number of columns; a vector counts as one column.
  public let columns: Int
  public let isVector: Bool

  public static func vector(_ count: Int) -> Shape {
    Shape(rows: count, columns: 1, isVector: true)
  }

  public static func matrix(rows: Int, columns: Int) -> Shape {
    Shape(rows: rows, columns: columns, isVector: false)
  }

  /// The number of elements.
  public var count: Int { rows * columns }
}

extension Shape: CustomStringConvertible {
  public var description: String {
    isVector ? "[\(rows)]" : "[\(rows), \(columns)]"
  }
}

/// The type of one element of a tensor, as the host stores it.
public enum Element: String, Hashable, Sendable {
  case float32, uint8, uint32

  public var byteCount: Int { self == .uint8 ? 1 : 4 }
}

/// Who owns a tensor's values, and for how long.
public enum Role: String, Hashable, Sendable, CaseIterable {
  /// Trained by the optimizer; lives in a `Memory`, in one contiguous arena.
  case parameter
  /// The ascent direction of the parameter of the same name; an arena like the parameters'.
  case gradient
  /// Adam's running mean of the gradient, beside its parameter.
  case firstMoment
  /// Adam's running mean of the squared gradient, beside its parameter.
  case secondMoment
  /// The running average of its parameter, beside it.
  case average
  /// A gradient under way, which chunks of samples add to with weights that are not normalised yet;
  /// laid out like the parameter of its shape and kept from run to run.
  case accumulator
  /// A data set or an order of its rows; lives in a `Memory` and is only read by programs.
  case resident
  /// Kept from run to run and shared by all programs on one `Memory`.
  case state
  /// Uploaded by the host before a run; belongs to one program.
  case input
  /// Read back by the host after a run; belongs to one program.
  case output
  /// Alive between the operation that writes it and the last that reads it.
  case temporary
}

/// A named place for numbers. It holds no data: a device decides where and how the data lies.
public struct Tensor: Hashable, Sendable {
  public let name: String
  public let shape: Shape
  public let role: Role
  public let element: Element

  public init(_ name: String, _ shape: Shape, _ role: Role, element: Element = .float32) {
    self.name = name
    self.shape = shape
    self.role = role
    self.element = element
  }

  /// The same parameter seen through another role: its gradient or one of its moments.
  public func counterpart(_ role: Role) -> Tensor {
    Tensor(name, shape, role, element: element)
  }
}

extension Tensor {
  /// The bytes of its values, however a device lays them out.
  public var byteCount: Int { shape.count * element.byteCount }
}

extension Tensor: CustomStringConvertible {
  public var description: String { "\(name) \(shape)" }
}
