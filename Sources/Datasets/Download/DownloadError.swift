import Files
import Foundation

/// Why a file could not be downloaded.
public struct DownloadError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// No mirror delivered the file.
    case unavailable
    /// The file system refused something.
    case fileAccess
    /// The caller asked to stop; what has arrived is kept.
    case interrupted
    /// Another run is downloading the same file.
    case busy
  }

  /// A mirror that did not deliver.
  public struct Failure: Hashable, Sendable {
    public var url: String
    /// The reason, as the end of a sentence that begins with the address.
    public var reason: String

    public init(url: String, reason: String) {
      self.url = withoutPassword(url)
      self.reason = reason
    }
  }

  public var kind: Kind
  public var description: String
  /// The mirrors that were tried, in turn.
  public var failures: [Failure]

  public init(kind: Kind, description: String, failures: [Failure] = []) {
    self.kind = kind
    self.description = description
    self.failures = failures
  }
}

extension DownloadError {
  static func unavailable(_ file: RemoteFile, at path: String, kept: Int, _ failures: [Failure])
    -> DownloadError
  {
    var lines = ["'\(file.name)' (\(Wording.bytes(file.size))) could not be downloaded:"]
    lines += failures.map { "  \($0.url): \($0.reason)" }
    if failures.isEmpty { lines.append("  no address of it is known.") }
    if kept > 0 { lines.append("The \(Wording.bytes(kept)) that arrived are kept.") }
    lines.append("Try again later, or get the file by hand and put it at '\(onOneLine(path))'.")
    return DownloadError(
      kind: .unavailable, description: lines.joined(separator: "\n"), failures: failures)
  }

  static func interrupted(_ file: RemoteFile, kept: Int) -> DownloadError {
    DownloadError(
      kind: .interrupted,
      description: "The download of '\(file.name)' was interrupted after \(Wording.bytes(kept)) of "
        + "\(Wording.grouped(file.size)): the next try goes on from there.")
  }

  static func busy(_ path: String) -> DownloadError {
    DownloadError(
      kind: .busy,
      description: "Another run is downloading to '\(onOneLine(path))': wait until it has "
        + "finished, and try again.")
  }

  /// A refusal of the file system; `code` is what it left in `errno`.
  static func fileAccess(_ path: String, _ action: String, code: CInt) -> DownloadError {
    var error = DownloadError(FileAccessError(path, action, code: code))
    if code == ENOSPC || code == EDQUOT { error.description += " What has arrived is kept." }
    return error
  }

  init(_ error: FileAccessError) {
    self.init(kind: .fileAccess, description: error.description)
  }
}

/// Numbers as messages write them.
enum Wording {
  /// 9912422 as 9,912,422.
  static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + String(text.reversed())
  }

  static func bytes(_ count: Int) -> String { grouped(count) + (count == 1 ? " byte" : " bytes") }

  /// 30 as 30 s, and 0.5 as 0.5 s.
  static func seconds(_ count: Double) -> String {
    count == count.rounded() ? "\(grouped(Int(count))) s" : "\(count) s"
  }
}
