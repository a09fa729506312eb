import Files
import Foundation

/// The files that name drivers to OpenCL's loader, one each.
enum DriverFiles {
  /// All of them, by name, from where the loader looks.
  static var all: [URL] {
    let environment = ProcessInfo.processInfo.environment
    let place =
      ["OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"].compactMap { environment[$0] }.first
      ?? "/etc/OpenCL/vendors"
    let url = URL(fileURLWithPath: place)
    if url.pathExtension == "icd" { return [url] }
    let content = try? FileManager.default.contentsOfDirectory(
      at: url, includingPropertiesForKeys: nil)
    return (content ?? []).filter { $0.pathExtension == "icd" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  /// Why a driver shows no platform, as far as the system tells.
  static func problem(of file: URL) -> String {
    let name = file.path
    guard let text = try? Files.read(name, atMost: 1 << 16) else {
      return "\(name): it could not be read."
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
    try FileManager.default.copyItem(
      at: file, to: folder.appending(path: file.lastPathComponent))
    return try body(["OCL_ICD_VENDORS": folder.path + "/", "OPENCL_VENDOR_PATH": folder.path])
  }
}
