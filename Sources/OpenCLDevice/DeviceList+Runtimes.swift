import Compute

extension DeviceList {
  /// The runtimes that are installed, each once, in their own words; why there are none, if there are none.
  public static var runtimes: [String] {
    do throws(DeviceError) {
      var result: [String] = []
      for device in try all()
      where !result.contains("\(device.platform), \(device.platformVersion)") {
        result.append("\(device.platform), \(device.platformVersion)")
      }
      return result.isEmpty ? ["no device"] : result
    } catch {
      return ["\(error)"]
    }
  }
}
