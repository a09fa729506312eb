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

  /// Calls a function with the environment in which loaders see one driver alone.
  static func alone<Result>(
    _ file: URL, _ body: ([String: String]) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(
      at: file, to: folder.appending(path: file.lastPathComponent))
    return try body(["OCL_ICD_VENDORS": folder.path + "/", "OPENCL_VENDOR_PATH": folder.path])
  }
}
