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
    "\(file)\(offset.map { ", byte \($0)" } ?? ""): \(problem)"
  }

  /// The words for what is wrong with JSON that could not be decoded.
  public static func words(_ error: any Error) -> String {
    switch error {
    case DecodingError.dataCorrupted(let context): context.debugDescription
    case DecodingError.keyNotFound(let key, _): "the field '\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      (context.codingPath.last.map { "the field '\($0.stringValue)'" } ?? "it")
        + " has the wrong type"
    default: "\(error)"
    }
  }
}
