import Datasets
import Foundation

/// Paths of data, as a run keeps them.
enum DataPath {
  /// True if there is such a file, or the one of which a name means an array.
  static func isThere(_ name: String) -> Bool {
    let file = name.lastIndex(of: "#").map { String(name[..<$0]) } ?? name
    return [name, file].contains { FileManager.default.fileExists(atPath: $0) }
  }

  /// The path from the root of a file or folder that is here; other names as they are.
  static func absoluteFile(_ name: String) -> String {
    FileManager.default.fileExists(atPath: name)
      ? URL(fileURLWithPath: name).standardizedFileURL.path : name
  }

  /// The path from the root of what is a file here; other names as they are.
  static func absolute(_ name: String) -> String {
    guard !name.isEmpty, NamedSet.named(name) == nil else { return name }
    guard isThere(name), !FileManager.default.fileExists(atPath: name),
      let mark = name.lastIndex(of: "#")
    else { return absoluteFile(name) }
    return absoluteFile(String(name[..<mark])) + name[mark...]
  }
}
