import Foundation

/// Why a file could not be read or written.
public struct FileAccessError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// Whole files, read and replaced at once.
public enum Files {
  /// All bytes of a file.
  public static func read(_ path: String) throws(FileAccessError) -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw FileAccessError("'\(path)' could not be read: \(reason(error))")
    }
  }

  /// The first bytes of a file, as many as asked for or there are, and the size of all of it.
  public static func beginning(
    of path: String, _ count: Int
  ) throws(FileAccessError) -> (bytes: [UInt8], size: Int) {
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      let bytes = try handle.read(upToCount: count) ?? Data()
      return (Array(bytes), Int(try handle.seekToEnd()))
    } catch {
      throw FileAccessError("'\(path)' could not be read: \(reason(error))")
    }
  }

  /// Replaces a file atomically: whoever reads it finds the old content or the new, never a part.
  public static func write(_ data: Data, to path: String) throws(FileAccessError) {
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw FileAccessError("'\(path)' could not be written: \(reason(error))")
    }
  }

  /// The system's own words, without the rest of Foundation's description.
  public static func reason(_ error: any Error) -> String {
    let error = error as NSError
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError {
      return cause.localizedDescription
    }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: return "there is no such file."
    case .fileReadNoPermission, .fileWriteNoPermission: return "permission denied."
    default: return error.localizedDescription
    }
  }
}
