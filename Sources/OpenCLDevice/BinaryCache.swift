import Compute
import Files
import Foundation

/// Compiled kernels on disk, one file for each combination of source, options, device and driver.
///
/// The cache only ever saves time: an entry that is missing, damaged or unreadable counts as
/// absent, and one that cannot be written is not. Entries replace one another atomically, so any
/// number of processes may share the folder.
struct BinaryCache {
  private static let magic = Array("IWAE kernel 2\n".utf8)
  let folder: URL

  /// A program's binary, which is empty where the driver keeps it, and the kernels whose compiled code is
  /// in it.
  struct Entry: Equatable {
    var kernels: Set<String>
    var binary: [UInt8]
  }

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

  /// The entry under a key, if it is there and intact.
  func load(_ key: String) -> Entry? {
    guard let data = try? Data(contentsOf: file(key)) else { return nil }
    let bytes = [UInt8](data)
    let header = Self.magic.count + 32
    guard bytes.count > header, Array(bytes.prefix(Self.magic.count)) == Self.magic else {
      return nil
    }
    let content = bytes[header...]
    guard SHA256.digest(Array(content)) == Array(bytes[Self.magic.count..<header]),
      let end = content.firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    let names = String(decoding: content[..<end], as: UTF8.self).split(separator: " ")
    return Entry(kernels: Set(names.map(String.init)), binary: Array(content[(end + 1)...]))
  }

  /// Stores an entry; says whether it could.
  @discardableResult
  func store(_ entry: Entry, as key: String) -> Bool {
    let names = entry.kernels.sorted().joined(separator: " ") + "\n"
    let content = Array(names.utf8) + entry.binary
    let data = Data(Self.magic + SHA256.digest(content) + content)
    do {
      try FileCalls.makeFolder(folder.path)
      try Files.write(data, to: file(key).path)
      return true
    } catch {
      return false
    }
  }

  func file(_ key: String) -> URL { folder.appending(path: "\(key).bin") }

  // MARK: Trials

  /// The findings of an entry's trials; none where nothing is known.
  func verdict(_ key: String) -> Verdict {
    guard let data = try? Data(contentsOf: verdictFile(key)) else { return Verdict() }
    return (try? JSONDecoder().decode(Verdict.self, from: data)) ?? Verdict()
  }

  /// Stores the findings of an entry's trials, where that can be.
  func store(_ verdict: Verdict, as key: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    guard let data = try? encoder.encode(verdict) else { return }
    try? FileCalls.makeFolder(folder.path)
    try? Files.write(data, to: verdictFile(key).path)
  }

  /// The file beside an entry's own.
  func verdictFile(_ key: String) -> URL { folder.appending(path: "\(key).trial.json") }
}
