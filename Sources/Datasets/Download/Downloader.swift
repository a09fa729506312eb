import Files
import Foundation

/// Brings files from the network, and lets only verified ones get to their place.
///
/// Bytes that have arrived are kept beside the target with `.partial` at its name's end, so that a
/// download that was cut off goes on from there, on whichever mirror.
public struct Downloader: Sendable {
  /// Seconds that a connection may take.
  public var connectTimeout: Double
  /// Seconds with less than a byte each after which a mirror is given up.
  public var stallTimeout: Double
  /// Base addresses where every file may be had below its name; they are tried first.
  public var mirrors: [String]
  /// The certificates to trust instead of the system's.
  public var certificateFile: String?

  /// A downloader; the certificates are those of `SSL_CERT_FILE`, where it is set.
  public init(
    connectTimeout: Double = 15, stallTimeout: Double = 30, mirrors: [String] = [],
    certificateFile: String? = Downloader.environmentCertificateFile
  ) {
    self.connectTimeout = connectTimeout
    self.stallTimeout = stallTimeout
    self.mirrors = mirrors
    self.certificateFile = certificateFile
  }

  /// The file that `SSL_CERT_FILE` names.
  public static var environmentCertificateFile: String? {
    let name = ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
    return name?.isEmpty == true ? nil : name
  }

  /// Brings a file to a path, unless it is there already.
  ///
  /// A file that is there and has the right digest is left as it is; any other is replaced once
  /// the right one has arrived whole.
  ///
  /// - Parameters:
  ///   - file: The file that is wanted.
  ///   - path: The path to download it to; folders that are missing are made.
  ///   - progress: Called whenever something has arrived, and about once a second; it says
  ///     whether to go on. What has arrived is kept in either case.
  public func download(
    _ file: RemoteFile, to path: String, progress: (DownloadProgress) -> Bool
  ) throws(DownloadError) -> DownloadOutcome {
    try withoutActuallyEscaping(progress) {
      (progress) throws(DownloadError) -> DownloadOutcome in
      try fetch(file, to: path, report: progress)
    }
  }

  private func fetch(
    _ file: RemoteFile, to path: String, report: @escaping (DownloadProgress) -> Bool
  ) throws(DownloadError) -> DownloadOutcome {
    if try FileCalls.holds(file, at: path) { return .present }
    do {
      try FileCalls.makeFolder(FileCalls.folder(of: path))
    } catch {
      throw DownloadError(error)
    }
    return try complete(PartialFile(path: path + ".partial"), file, to: path, report: report)
  }

  /// Goes on from a part that is locked.
  func complete(
    _ partial: PartialFile, _ file: RemoteFile, to path: String,
    report: @escaping (DownloadProgress) -> Bool
  ) throws(DownloadError) -> DownloadOutcome {
    defer { partial.removeIfEmpty() }
    // Another run may have brought it between the look and the lock.
    if try FileCalls.holds(file, at: path) { return .present }
    if try takeWhole(file, partial, to: path) { return .present }
    let start = SuspendingClock.now
    var failures: [DownloadError.Failure] = []
    var source = MirrorSource(file: file, partial: partial, settings: self, report: report)
    for url in file.addresses(below: mirrors) {
      if let reason = try source.fetch(url) {
        failures.append(DownloadError.Failure(url: url, reason: reason))
      } else {
        try partial.move(to: path)
        let seconds = start.duration(to: .now) / .seconds(1)
        return .fetched(bytes: source.received, seconds: seconds, url: withoutPassword(url))
      }
    }
    throw .unavailable(file, at: path, kept: partial.length, failures)
  }

  /// True if the part that an earlier run left was all that was missing, and now has its place.
  /// A part that cannot belong to the file is discarded.
  private func takeWhole(
    _ file: RemoteFile, _ partial: PartialFile, to path: String
  ) throws(DownloadError) -> Bool {
    guard partial.length >= file.size else { return false }
    if partial.length == file.size, file.hasDigest(try partial.digest()) {
      try partial.move(to: path)
      return true
    }
    try partial.truncate(to: 0)
    return false
  }
}
