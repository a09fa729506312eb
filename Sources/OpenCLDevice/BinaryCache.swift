import Compute
import Files
import Foundation

/// Compiled kernels on disk, one file for each combination of source, options, device and driver.
///
/// The cache only ever saves time: an entry that is missing, damaged or unreadable counts as
/// absent, and one that cannot be written is not. Entries replace one another atomically, so any
/// number of processes may share the folder. What is in it is run: the folder is the user's alone, and an
/// entry counts only if it was made with the user's secret, which is kept elsewhere.
struct BinaryCache {
  private static let magic = Array("IWAE kernel 3\n".utf8)
  let folder: URL
  let secret: [UInt8]

  /// A program's binary, which is empty where the driver keeps it, and the kernels whose compiled code is
  /// in it.
  struct Entry: Equatable {
    var kernels: Set<String>
    var binary: [UInt8]
  }

  /// The user's cache folder; nil where there is none, or no secret can be kept.
  static var standard: BinaryCache? {
    let environment = ProcessInfo.processInfo.environment
    func place(_ name: String) -> URL? {
      environment[name].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
    }
    let caches =
      place("XDG_CACHE_HOME")
      ?? FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first
    let states =
      place("XDG_STATE_HOME")
      ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/state")
    guard let caches else { return nil }
    // Apart from the cache if it can be, so that a copy of the cache counts for nothing.
    let secret = [states, caches].lazy.compactMap {
      PrivateFolder.secret($0.appending(path: "iwae-gpu/cache.key").path)
    }.first
    guard let secret else { return nil }
    return BinaryCache(folder: caches.appending(path: "iwae-gpu/kernels"), secret: secret)
  }

  /// What tells that an entry was made with the secret, and for a key.
  private func tag(_ content: [UInt8], _ key: String) -> [UInt8] {
    SHA256.authenticate(Array("\(key)\n".utf8) + content, key: secret)
  }

  /// The name of an entry: a digest of all that the compiled code depends on.
  static func key(_ parts: [String]) -> String {
    // Each part is preceded by its length, so that no two lists run together to the same bytes.
    SHA256.hexadecimal(parts.flatMap { Array("\($0.utf8.count):\($0)".utf8) })
  }

  /// The entry under a key, if it is there and intact.
  func load(_ key: String) -> Entry? {
    guard PrivateFolder.holds(folder.path) else { return nil }
    // It may be long until something is written there.
    Files.sweep(folder.path)
    guard let data = try? Files.read(file(key).path) else { return nil }
    let bytes = [UInt8](data)
    let header = Self.magic.count + 32
    guard bytes.count > header, Array(bytes.prefix(Self.magic.count)) == Self.magic else {
      return nil
    }
    let content = bytes[header...]
    guard tag(Array(content), key) == Array(bytes[Self.magic.count..<header]),
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
    let data = Data(Self.magic + tag(content, key) + content)
    do {
      try PrivateFolder.make(folder.path)
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
    guard PrivateFolder.holds(folder.path), let data = try? Files.read(verdictFile(key).path),
      let kept = try? JSONDecoder().decode(KeptVerdict.self, from: data),
      kept.tag == tag(of: kept.verdict, key)
    else { return Verdict() }
    return kept.verdict
  }

  private struct KeptVerdict: Codable {
    var verdict: Verdict
    var tag: String
  }

  private func tag(of verdict: Verdict, _ key: String) -> String {
    let names = [verdict.passed, verdict.untried].map { $0.sorted().joined(separator: " ") + "\n" }
    let text = names.joined() + (verdict.failure ?? "")
    return tag(Array(text.utf8), key).map { String($0, radix: 16) }.joined(separator: ":")
  }

  /// Stores the findings of an entry's trials, where that can be.
  func store(_ verdict: Verdict, as key: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let kept = KeptVerdict(verdict: verdict, tag: tag(of: verdict, key))
    guard let data = try? encoder.encode(kept) else { return }
    try? PrivateFolder.make(folder.path)
    try? Files.write(data, to: verdictFile(key).path)
  }

  /// The file beside an entry's own.
  func verdictFile(_ key: String) -> URL { folder.appending(path: "\(key).trial.json") }
}
