import Foundation

/// Tunings on disk, one file for each device, driver and schedule. A file that is missing, damaged or of no
/// use counts as absent.
public struct TuningStore {
  let folder: URL

  /// Beside the compiled kernels.
  public static var standard: TuningStore? {
    BinaryCache.standard.map {
      TuningStore(folder: $0.folder.deletingLastPathComponent().appending(path: "tunings"))
    }
  }

  /// The path of the file for the tuning of a device, which need not exist.
  public func path(for device: DeviceDescription, _ schedule: Schedule) -> String {
    file(device, schedule).path
  }

  func load(for device: DeviceDescription, _ schedule: Schedule) -> Tuning? {
    guard let data = try? Data(contentsOf: file(device, schedule)),
      let tuning = try? JSONDecoder().decode(Tuning.self, from: data),
      tuning.schedule == schedule
    else { return nil }
    return tuning
  }

  public func store(_ tuning: Tuning, for device: DeviceDescription) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(tuning).write(to: file(device, tuning.schedule), options: .atomic)
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
