import Files
import Foundation

/// The files that name drivers to OpenCL's loader, one each.
enum DriverFiles {
  /// All of them, by name, from where the loader looks; none where nothing is there.
  static func all(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(FileAccessError) -> [URL] {
    let place =
      ["OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"].compactMap { environment[$0] }.first
      ?? "/etc/OpenCL/vendors"
    let url = URL(fileURLWithPath: place)
    if url.pathExtension == "icd" { return [url] }
    // A device, as /dev/null, names none; what else is no folder may be a driver.
    guard let status = try FileCalls.status(place), status.st_mode & S_IFMT != S_IFCHR else {
      return []
    }
    return try FileCalls.names(in: place).sorted().map { url.appending(path: $0) }
      .filter { $0.pathExtension == "icd" }
  }

  /// Why no driver shows a platform, one reason each; none where no driver is installed.
  static func problems(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [String] {
    do throws(FileAccessError) {
      return try all(environment).map { problem(of: $0) }
    } catch {
      return ["\(error) Drivers may be named there."]
    }
  }

  /// Why a driver shows no platform, as far as the system tells.
  private static func problem(of file: URL) -> String {
    let name = file.path
    let text: Data
    do throws(FileAccessError) {
      text = try Files.read(name, atMost: 1 << 16)
    } catch {
      return "\(error)"
    }
    let library = String(decoding: text, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
      return "\(name): \(dlerror().map { String(cString: $0) } ?? "it could not be loaded")."
    }
    dlclose(handle)
    return "\(name): its driver shows no platform."
  }

  /// Calls a function with the environment in which loaders see one driver alone.
  static func alone<Result>(
    _ file: URL, _ body: ([String: String]) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    // What a file there names is loaded.
    try PrivateFolder.make(folder.path)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Files.copy(file.path, to: folder.appending(path: file.lastPathComponent).path)
    return try body(["OCL_ICD_VENDORS": folder.path + "/", "OPENCL_VENDOR_PATH": folder.path])
  }
}
