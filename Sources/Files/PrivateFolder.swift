import Foundation

/// Folders and files of one user, which nobody else can have written.
public enum PrivateFolder {
  /// Makes a folder that only the user may enter, or takes away what others may do to one's own.
  public static func make(_ path: String) throws(FileAccessError) {
    try FileCalls.makeFolder(FileCalls.folder(of: path))
    if mkdir(path, 0o700) != 0 && errno != EEXIST {
      throw FileAccessError(path, "made", code: errno)
    }
    guard let status = status(path), status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid()
    else {
      throw FileAccessError(
        "'\(path)' is no folder of yours. Take it away, or set another place for it.")
    }
    if status.st_mode & 0o077 != 0, chmod(path, 0o700) != 0 {
      throw FileAccessError(path, "closed to others", code: errno)
    }
  }

  /// True if a folder or file is there, no link, the user's own, and others may not write there.
  public static func holds(_ path: String) -> Bool {
    guard let status = status(path) else { return false }
    return status.st_mode & S_IFMT != S_IFLNK && status.st_uid == geteuid()
      && status.st_mode & 0o022 == 0
  }

  /// The bytes of a file that only the user may read, which is made of random ones where it is missing or
  /// somebody else may have written it; nil where that cannot be.
  public static func secret(_ path: String, count: Int = 32) -> [UInt8]? {
    func found() -> [UInt8]? {
      guard let status = status(path), status.st_mode & S_IFMT == S_IFREG,
        status.st_uid == geteuid(), status.st_mode & 0o077 == 0,
        let data = try? Files.read(path, atMost: count), data.count == count
      else { return nil }
      return [UInt8](data)
    }
    if let secret = found() { return secret }
    do throws(FileAccessError) {
      try make(FileCalls.folder(of: path))
      unlink(path)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0 ... .max) }
      try Files.write(Data(bytes), to: path, mode: 0o600)
    } catch {
      return nil
    }
    // Another process may have put its own there.
    return found()
  }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }
}
