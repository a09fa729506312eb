import Foundation

/// The system's calls on files, with its refusals as errors. Everything that the project writes and
/// replaces goes through here.
public enum FileCalls {
  /// Repeats a call for as long as a signal interrupts it.
  public static func uninterrupted(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  /// Opens a file, whatever signals interrupt that; below 0 where it cannot be, with the reason in `errno`.
  /// No other program inherits it.
  public static func open(_ path: String, _ flags: CInt, _ mode: mode_t = 0o666) -> CInt {
    CInt(uninterrupted { Int(Foundation.open(path, flags | O_CLOEXEC, mode)) })
  }

  /// The system's record of a path, or nil where nothing is.
  public static func status(_ path: String) throws(FileAccessError) -> stat? {
    var status = stat()
    if stat(path, &status) == 0 { return status }
    if errno == ENOENT { return nil }
    throw FileAccessError(path, "examined", code: errno)
  }

  /// Makes a folder and those above it, where they are missing.
  public static func makeFolder(_ path: String) throws(FileAccessError) {
    if path.isEmpty || path == "/" { return }
    if let status = try status(path) {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw FileAccessError(path, "made", code: ENOTDIR)
      }
      return
    }
    // Another process may have made it in between.
    _ = try makeNewFolder(path)
  }

  /// The folder that a path's last part is in; empty where the path has no other part. Foundation's own traps
  /// for a name of one letter.
  public static func folder(of path: String) -> String {
    var rest = Substring(path)
    while rest.count > 1, rest.hasSuffix("/") { rest.removeLast() }
    guard let slash = rest.lastIndex(of: "/") else { return "" }
    var folder = rest[..<slash]
    while folder.hasSuffix("/") { folder.removeLast() }
    return folder.isEmpty ? "/" : String(folder)
  }

  /// Makes a folder that is not there yet, and those above it; returns false if something is, which another
  /// process may have made just now.
  public static func makeNewFolder(_ path: String) throws(FileAccessError) -> Bool {
    try makeFolder(FileCalls.folder(of: path))
    guard mkdir(path, 0o777) == 0 else {
      if errno == EEXIST { return false }
      throw FileAccessError(path, "made", code: errno)
    }
    syncFolder(of: path)
    return true
  }

  /// Removes a file, if it is there.
  public static func remove(_ path: String) throws(FileAccessError) {
    if unlink(path) != 0 && errno != ENOENT { throw FileAccessError(path, "removed", code: errno) }
  }

  /// The names in a folder, in no order.
  public static func names(in path: String) throws(FileAccessError) -> [String] {
    guard let folder = opendir(path) else { throw FileAccessError(path, "listed", code: errno) }
    defer { _ = closedir(folder) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
          String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
      errno = 0
    }
    if errno != 0 { throw FileAccessError(path, "listed", code: errno) }
    return names
  }

  /// Writes all bytes where a file stands, in as many calls as the system wants.
  public static func write(
    _ data: Data, to descriptor: CInt, path: String
  ) throws(FileAccessError) {
    var written = 0
    while written < data.count {
      let count = data.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        return uninterrupted { Foundation.write(descriptor, rest.baseAddress, rest.count) }
      }
      guard count > 0 else {
        throw FileAccessError(path, "written", code: count == 0 ? ENOSPC : errno)
      }
      written += count
    }
  }

  /// Makes what was done to the names in a folder outlast a crash of the machine, where the file system
  /// can.
  public static func syncFolder(of path: String) {
    let folder = FileCalls.folder(of: path)
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY)
    guard descriptor >= 0 else { return }
    _ = uninterrupted { Int(fsync(descriptor)) }
    _ = close(descriptor)
  }
}

extension FileAccessError {
  /// A refusal of the system.
  ///
  /// - Parameters:
  ///   - path: The file or folder.
  ///   - action: What could not be done to it: "read", "written", "made".
  ///   - code: What the call left in `errno`.
  public init(_ path: String, _ action: String, code: CInt) {
    let remedy =
      switch code {
      case ENOSPC, EDQUOT: " Free some space and try again."
      case EMFILE, ENFILE: " Allow more open files ('ulimit -n') and try again."
      case EAGAIN where action == "started": " Allow more processes ('ulimit -u') and try again."
      case EACCES, EPERM, EROFS:
        switch action {
        case "read", "started": ""
        case "examined", "listed": " Choose a folder that may be read."
        default: " Choose a folder that may be written to."
        }
      default: ""
      }
    self.init("'\(path)' could not be \(action): \(String(cString: strerror(code))).\(remedy)")
  }
}
