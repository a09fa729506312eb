import Files
import Foundation

/// A file of JSON that stands in place of a name or of the JSON itself.
public enum DescriptionFile {
  /// True if a value is JSON itself.
  public static func isJSON(_ text: String) -> Bool { text.first { !$0.isWhitespace } == "{" }

  /// True if a value that is no name can only be a file.
  public static func isMeant(by text: String) -> Bool {
    !isJSON(text)
      && (text.contains("/") || text.hasSuffix(".json")
        || FileManager.default.fileExists(atPath: text))
  }

  public static func read<Value: Decodable>(_ path: String) throws -> Value {
    let data = try Files.read(path, atMost: Files.mostOfJSON)
    do {
      return try JSONDecoder().decode(Value.self, from: data)
    } catch {
      throw FormatError(file: path, problem: sentence(FormatError.words(error)))
    }
  }
}
