import Files
import Foundation

/// The folder in which PoCL keeps compiled kernels, without which it has no device.
enum PoCLCache {
  /// Why nothing can be written there; nil if something can.
  static func problem(_ environment: [String: String]) -> String? {
    let home = environment["HOME"] ?? ""
    let caches = environment["XDG_CACHE_HOME"] ?? "\(home)/.cache"
    let folder = environment["POCL_CACHE_DIR"] ?? "\(caches)/pocl/kcache"
    // It makes what is missing.
    var place = folder
    while access(place, F_OK) != 0, errno == ENOENT, place.count > 1 {
      place = FileCalls.folder(of: place)
    }
    guard access(place.isEmpty ? "." : place, W_OK | X_OK) != 0 else { return nil }
    return
      "its kernel cache '\(folder)' cannot be written: \(String(cString: strerror(errno))). Set "
      + "POCL_CACHE_DIR to a folder that can."
  }
}
