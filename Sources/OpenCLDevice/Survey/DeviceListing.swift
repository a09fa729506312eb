import Compute
import Foundation

/// The devices of all platforms as one process tells them to another.
public struct DeviceListing: Codable, Sendable {
  public struct Entry: Codable, Sendable {
    public var index: Int
    public var name: String
    public var platform: String
    public var kind: String
    public var version: String
    public var driver: String
    public var computeUnits: Int
    public var memoryBytes: Int
    public var schedule: String
    /// The outcome of its trial.
    public var smokeTest: String
    public var works: Bool
    public var isDefault: Bool
  }

  public var devices: [Entry]
  /// The platforms that show no device and the drivers that failed, with reasons.
  public var problems: [String]

  /// The devices as this process sees them, none tried yet.
  public static func ofThisProcess() throws(DeviceError) -> DeviceListing {
    let standard = try? DeviceList.find(.automatic)
    let devices = try DeviceList.all().map { device in
      Entry(
        index: device.index, name: device.name, platform: device.platform,
        kind: device.kind.rawValue, version: device.version, driver: device.driver,
        computeUnits: device.computeUnits, memoryBytes: device.memoryBytes,
        schedule: Tuning.choose(for: device).schedule.rawValue, smokeTest: "", works: false,
        isDefault: device.index == standard?.index)
    }
    return DeviceListing(devices: devices, problems: try DeviceList.problems())
  }
}
