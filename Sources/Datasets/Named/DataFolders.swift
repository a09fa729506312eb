import Foundation

/// The folders in which files of named sets are looked for: one folder for each set.
public struct DataFolders: Sendable {
  /// In the order in which to look; downloads go into the first.
  public let folders: [String]

  public init(_ folders: [String]) {
    self.folders = folders
  }

  /// `IWAE_GPU_DATA` if it is set, then the user's cache folder.
  public init(environment: [String: String]) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let home = value("HOME") ?? NSHomeDirectory()
    // The standard wants paths that begin at the root; others are to be ignored.
    let cache = value("XDG_CACHE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.cache"
    folders = [value("IWAE_GPU_DATA"), cache + "/iwae-gpu/data"].compactMap(\.self)
  }

  /// The path of a set's file once it is downloaded.
  public func target(_ set: String, _ file: String) -> String {
    "\(folders.first ?? ".")/\(set)/\(file)"
  }

  /// A set's file, under its name, or compressed or decompressed by somebody else.
  public func find(_ set: String, _ file: String) -> String? {
    let names = [file, file + ".gz"] + (file.hasSuffix(".gz") ? [String(file.dropLast(3))] : [])
    for folder in folders {
      for name in names where FileManager.default.fileExists(atPath: "\(folder)/\(set)/\(name)") {
        return "\(folder)/\(set)/\(name)"
      }
    }
    return nil
  }
}
