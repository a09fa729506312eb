import Foundation

/// Compiled kernels on disk, one file for each combination of source, options, device and driver.
///
/// The cache only ever saves time: an entry that is missing, damaged or unreadable counts as
/// absent, and one that cannot be written is not. Entries replace one another atomically, so any
/// number of processes may share the folder.
struct BinaryCache {
  private static let magic = Array("IWAE kernel 1\n".utf8)
  let folder: URL

  /// The user's cache folder.
  static var standard: BinaryCache? {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
      return BinaryCache(folder: URL(fileURLWithPath: path).appending(path: "iwae-gpu/kernels"))
    }
    return FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first.map {
      BinaryCache(folder: $0.appending(path: "iwae-gpu/kernels"))
    }
  }

  /// The name of an entry: a digest of all that the compiled code depends on.
  static func key(_ parts: [String]) -> String {
    // Each part is preceded by its length, so that no two lists run together to the same bytes.
    SHA256.hexadecimal(parts.flatMap { Array("\($0.utf8.count):\($0)".utf8) })
  }

  /// The binary under a key, if it is there and intact.
  func load(_ key: String) -> [UInt8]? {
    guard let data = try? Data(contentsOf: file(key)) else { return nil }
    let bytes = [UInt8](data)
    let header = Self.magic.count + 32
    guard bytes.count > header, Array(bytes.prefix(Self.magic.count)) == Self.magic else {
      return nil
    }
    let binary = Array(bytes[header...])
    return SHA256.digest(binary) == Array(bytes[Self.magic.count..<header]) ? binary : nil
  }

  /// Stores a binary; says whether it could.
  @discardableResult
  func store(_ binary: [UInt8], as key: String) -> Bool {
    let data = Data(Self.magic + SHA256.digest(binary) + binary)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try data.write(to: file(key), options: .atomic)
      return true
    } catch {
      return false
    }
  }

  func file(_ key: String) -> URL { folder.appending(path: "\(key).bin") }
}
