import Compute

/// A kind of hidden layers: a row of the table.
public struct HiddenKind: Sendable {
  /// The value of a checkpoint's field.
  public let name: String
  let layer: @Sendable (LayerDescription) -> any HiddenLayer
}

extension HiddenKind {
  /// A file in `Layers` for each row, in the order of help.
  public static let all: [HiddenKind] = [
    dense,
    gated,
    residual,
  ]

  /// The kinds' names.
  public static var names: [String] { all.map(\.name) }

  /// The kind of a name.
  public init(named name: String) throws(DescriptionError) {
    guard let kind = Self.all.first(where: { $0.name == name }) else {
      throw .unknownFamily(kind: "kind of hidden layers", name: name, known: Self.names)
    }
    self = kind
  }
}

/// Kinds are told apart by their names.
extension HiddenKind: Hashable {
  public static func == (a: HiddenKind, b: HiddenKind) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension HiddenKind: Codable, CustomStringConvertible {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    do {
      try self.init(named: name)
    } catch {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: error.description)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }

  public var description: String { name }
}
