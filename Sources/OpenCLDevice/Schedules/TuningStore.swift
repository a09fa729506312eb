import Compute
import Files
import Foundation

/// Tunings on disk, one file for each device, driver and schedule. A file that is damaged, of no use, written
/// by somebody else than `tune`, or found with other kernels than this program's counts as absent, and says
/// so.
public struct TuningStore {
  let folder: URL
  /// What files are marked with.
  let secret: [UInt8]

  private struct Content: Codable {
    /// The digest of the kernels that the tuning was found with.
    var kernels: String
    var tuning: Tuning
    /// What tells that `tune` wrote it, for this device and these kernels. Older files have none.
    var tag: String?
  }

  /// The part of the content that every version has.
  private struct Origin: Decodable { var kernels: String }

  /// A file's tuning, or why it has none.
  enum Entry: Hashable {
    case tuning(Tuning)
    case useless(String)
  }

  /// Beside the compiled kernels.
  public static var standard: TuningStore? {
    BinaryCache.standard.map {
      TuningStore(
        folder: $0.folder.deletingLastPathComponent().appending(path: "tunings"), secret: $0.secret)
    }
  }

  /// The folders of compiled kernels and of tunings; nil where nothing can be kept.
  public static var folders: (kernels: String, tunings: String)? {
    guard let cache = BinaryCache.standard, let standard else { return nil }
    return (cache.folder.path, standard.folder.path)
  }

  /// The path of the file for the tuning of a device, which need not exist.
  public func path(for device: DeviceDescription, _ schedule: Schedule) -> String {
    file(device, schedule).path
  }

  /// A device's tuning; nil where there is no file.
  func load(for device: DeviceDescription, _ schedule: Schedule) -> Entry? {
    let file = file(device, schedule)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    guard PrivateFolder.holds(folder.path) else {
      return .useless(
        "'\(file.path)' is in a folder that is not yours alone, so defaults are used. Take the "
          + "folder away, or set XDG_CACHE_HOME to another place, and 'iwae-gpu tune' finds a new "
          + "tuning.")
    }
    let decoder = JSONDecoder()
    let noTuning = Entry.useless("'\(file.path)' is no tuning, so defaults are used.")
    guard let data = try? Files.read(file.path, atMost: Files.mostOfJSON),
      let origin = try? decoder.decode(Origin.self, from: data)
    else { return noTuning }
    // Before the tuning, of which another version may have said other things.
    guard origin.kernels == Self.kernels else {
      return .useless(
        "The tuning in '\(file.path)' was found with other kernels than this program's, so defaults "
          + "are used. 'iwae-gpu tune' finds a new one.")
    }
    guard let content = try? decoder.decode(Content.self, from: data) else { return noTuning }
    let tuning = content.tuning
    guard tuning.schedule == schedule, tuning.fits(device) else {
      return .useless(
        "The tuning in '\(file.path)' does not fit \(device.name), so defaults are used.")
    }
    guard content.tag == tag(of: tuning, for: device) else {
      return .useless(
        "The tuning in '\(file.path)' is not as 'iwae-gpu tune' left it, so defaults are used. "
          + "'iwae-gpu tune' finds a new one.")
    }
    return .tuning(tuning)
  }

  public func store(_ tuning: Tuning, for device: DeviceDescription) throws {
    try PrivateFolder.make(folder.path)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let content = try encoder.encode(
      Content(kernels: Self.kernels, tuning: tuning, tag: tag(of: tuning, for: device)))
    try Files.write(content, to: file(device, tuning.schedule).path)
  }

  private func tag(of tuning: Tuning, for device: DeviceDescription) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = (try? encoder.encode(tuning)).map { [UInt8]($0) } ?? []
    let key = BinaryCache.key(device.identity + [Self.kernels])
    return SHA256.authenticate(Array("\(key)\n".utf8) + text, key: secret)
      .map { String($0, radix: 16) }.joined(separator: ":")
  }

  /// The digest of all kernels but those of maps, which formulas write.
  private static var kernels: String {
    let files: [KernelModule.File] = [.walk, .sums, .tiles]
    let families = Set(Compute.Operation.Family.allCases)
    return BinaryCache.key(
      files.map { KernelSource(KernelModule(file: $0, families: families)).text })
  }

  /// Goes back to the defaults; says whether there was anything to forget.
  @discardableResult
  public func forget(_ device: DeviceDescription, _ schedule: Schedule) -> Bool {
    (try? FileManager.default.removeItem(at: file(device, schedule))) != nil
  }

  private func file(_ device: DeviceDescription, _ schedule: Schedule) -> URL {
    let key = BinaryCache.key(device.identity + [schedule.rawValue])
    return folder.appending(path: "\(key).json")
  }
}
