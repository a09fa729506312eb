/// Something that was asked for and makes no sense.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}
