import Datasets
import Foundation

/// Paths of data, as a run keeps them.
enum DataPath {
  /// True if there is such a file, or the one of which a name means an array.
  static func isThere(_ name: String) -> Bool {
    let file = name.lastIndex(of: "#").map { String(name[..<$0]) } ?? name
    return [name, file].contains { FileManager.default.fileExists(atPath: $0) }
  }

  /// The path from the root of what is a file here; other names as they are.
  static func absolute(_ name: String) -> String {
    guard !name.isEmpty, NamedSet.named(name) == nil else { return name }
    func absolute(_ path: String) -> String {
      URL(fileURLWithPath: path).standardizedFileURL.path
    }
    if FileManager.default.fileExists(atPath: name) { return absolute(name) }
    guard isThere(name), let mark = name.lastIndex(of: "#") else { return name }
    return absolute(String(name[..<mark])) + name[mark...]
  }
}
