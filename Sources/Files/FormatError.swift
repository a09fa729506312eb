import Foundation

/// Why a file's content is not what it should be.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's name or path, and the part of it that is at fault.
  public var file: String
  /// The place in the file, or in what it decompresses to, where known.
  public var offset: Int?
  public var problem: String

  public init(file: String, offset: Int? = nil, problem: String) {
    self.file = file
    self.offset = offset
    self.problem = problem
  }

  public var description: String {
    onOneLine("\(file)\(offset.map { ", byte \($0)" } ?? ""): \(problem)")
  }

  /// The kind of JSON that a type is decoded from.
  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type, is any BinaryFloatingPoint.Type: "a number"
    default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
    }
  }

  /// The words for what is wrong with JSON that could not be decoded.
  public static func words(_ error: any Error) -> String {
    switch error {
    case DecodingError.dataCorrupted(let context): context.debugDescription
    case DecodingError.keyNotFound(let key, _): "the field '\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(let type, let context),
      DecodingError.valueNotFound(let type, let context):
      (context.codingPath.last.map { "the field '\($0.stringValue)'" } ?? "it")
        + " has the wrong type: expected \(name(of: type))"
    default: "\(error)"
    }
  }
}
