import Compute
import Files
import Foundation

extension FileCalls {
  /// The system's record of a file that is downloaded, or nil where nothing is.
  static func found(_ path: String) throws(DownloadError) -> stat? {
    do { return try status(path) } catch { throw DownloadError(error) }
  }

  /// True if a file of the right size and digest is at the path already.
  static func holds(_ file: RemoteFile, at path: String) throws(DownloadError) -> Bool {
    guard let status = try found(path) else { return false }
    if status.st_mode & S_IFMT == S_IFDIR { throw .fileAccess(path, "written", code: EISDIR) }
    guard Int(status.st_size) == file.size else { return false }
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw .fileAccess(path, "read", code: errno) }
    defer { _ = close(descriptor) }
    return file.hasDigest(try digest(of: descriptor, path: path))
  }

  /// The SHA-256 digest of an open file's content, as hexadecimal digits.
  static func digest(of descriptor: CInt, path: String) throws(DownloadError) -> String {
    var hash = SHA256()
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while true {
      let count = piece.withUnsafeMutableBytes { piece in
        uninterrupted { pread(descriptor, piece.baseAddress, piece.count, off_t(offset)) }
      }
      if count < 0 { throw .fileAccess(path, "read", code: errno) }
      if count == 0 { return hash.hexadecimal() }
      hash.update(piece[..<count])
      offset += count
    }
  }
}
