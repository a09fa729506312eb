import Foundation

/// Why a file could not be read or written.
public struct FileAccessError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = onOneLine(description)
  }
}

/// Whole files, read and replaced at once.
public enum Files {
  /// The most bytes of what says no size before it is read, as a pipe.
  private static let mostOfPipe = 16 << 20

  /// All bytes of a file, or of a pipe.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - most: The most bytes that it may have.
  public static func read(
    _ path: String, atMost most: Int = .max
  ) throws(FileAccessError) -> Data {
    let file = try OpenFile(path)
    let limit = file.isPlain ? most : min(most, mostOfPipe)
    func check(_ size: Int) throws(FileAccessError) {
      guard size > limit else { return }
      throw FileAccessError(
        "'\(path)' could not be read: expected at most \(limit) bytes, found "
          + (file.isPlain ? "\(size)." : "more."))
    }
    if file.isPlain { try check(file.size) }
    var result = Data(capacity: min(file.size, 16 << 20))
    while true {
      let piece = try file.next(1 << 18)
      if piece.isEmpty { return result }
      result.append(contentsOf: piece)
      try check(result.count)
    }
  }

  /// The most bytes of JSON that people write, or that tells of one run.
  public static let mostOfJSON = 1 << 20

  /// Replaces a file atomically: whoever reads it finds the old content or the new, never a part, and a
  /// crash leaves one of them. Its permissions stay. What is no plain file, as a pipe, is written to.
  ///
  /// The first time that something is written to a folder, what processes that were killed left there is
  /// removed.
  ///
  /// - Parameters:
  ///   - data: The new content.
  ///   - path: The file.
  ///   - mode: The permissions of a file that was not there; nil for those of any new file.
  public static func write(
    _ data: Data, to path: String, mode: mode_t? = nil
  ) throws(FileAccessError) {
    // A link that leads somewhere stays, and what it leads to is replaced.
    var target = path
    if let resolved = realpath(path, nil) {
      target = String(cString: resolved)
      free(resolved)
    }
    let status = try FileCalls.status(target)
    switch status.map({ $0.st_mode & S_IFMT }) {
    case S_IFDIR: throw FileAccessError(path, "written", code: EISDIR)
    case nil, S_IFREG:
      try replace(target, with: data, mode: status.map { $0.st_mode & 0o7777 } ?? mode)
    default: try pour(data, into: target)
    }
  }

  /// Copies a file with its permissions, a piece at a time, and puts it in its place when it is whole.
  public static func copy(_ path: String, to target: String) throws(FileAccessError) {
    let file = try OpenFile(path)
    let mode = try FileCalls.status(path).map { $0.st_mode & 0o7777 }
    SweptFolders.all.sweep(FileCalls.folder(of: target))
    let copy = try AtomicFile(for: target, mode: mode)
    while true {
      let piece = try file.next(1 << 18)
      if piece.isEmpty { return try copy.replace() }
      try copy.append(Data(piece))
    }
  }

  /// Takes away what writes that were killed left in a folder, unless this process has done so.
  public static func sweep(_ folder: String) { SweptFolders.all.sweep(folder) }

  /// True if two files hold the same bytes.
  public static func areSame(_ path: String, _ other: String) throws(FileAccessError) -> Bool {
    let (file, second) = (
      try OpenFile(path, mustBePlain: true), try OpenFile(other, mustBePlain: true)
    )
    var place = 0
    while true {
      let piece = try file.read(at: place, 1 << 18)
      guard try second.read(at: place, 1 << 18) == piece else { return false }
      if piece.isEmpty { return true }
      place += piece.count
    }
  }

  private static func replace(
    _ path: String, with data: Data, mode: mode_t?
  ) throws(FileAccessError) {
    let folder = FileCalls.folder(of: path)
    SweptFolders.all.sweep(folder.isEmpty ? "." : folder)
    let file = try AtomicFile(for: path, mode: mode)
    try file.append(data)
    try file.replace()
  }

  private static func pour(_ data: Data, into path: String) throws(FileAccessError) {
    let descriptor = FileCalls.open(path, O_WRONLY)
    guard descriptor >= 0 else { throw FileAccessError(path, "written", code: errno) }
    defer { _ = close(descriptor) }
    try FileCalls.write(data, to: descriptor, path: path)
  }

  /// Adds to the end of a file, which is made if it is not there.
  ///
  /// - Parameters:
  ///   - data: What is added.
  ///   - path: The file.
  ///   - mode: The permissions of a file that was not there; nil for those of any new file.
  public static func append(
    _ data: Data, to path: String, mode: mode_t? = nil
  ) throws(FileAccessError) {
    let flags = O_WRONLY | O_CREAT | O_APPEND
    var descriptor = FileCalls.open(path, flags | O_EXCL, mode ?? 0o666)
    // The mask of the process takes permissions away.
    if descriptor >= 0, let mode { _ = fchmod(descriptor, mode) }
    if descriptor < 0, errno == EEXIST { descriptor = FileCalls.open(path, flags) }
    guard descriptor >= 0 else { throw FileAccessError(path, "written", code: errno) }
    defer { _ = close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    do {
      try FileCalls.write(data, to: descriptor, path: path)
    } catch {
      // Half a line would hide what follows it.
      if end >= 0 { _ = FileCalls.uninterrupted { Int(ftruncate(descriptor, end)) } }
      throw error
    }
  }

  /// Makes what was added to a file outlast a crash of the machine; does nothing where there is no file.
  public static func sync(_ path: String) throws(FileAccessError) {
    let descriptor = FileCalls.open(path, O_RDONLY)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw FileAccessError(path, "written", code: errno)
    }
    defer { _ = close(descriptor) }
    guard FileCalls.uninterrupted({ Int(fsync(descriptor)) }) == 0 else {
      throw FileAccessError(path, "written", code: errno)
    }
  }
}
