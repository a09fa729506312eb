import Foundation

/// A file on the network: what it is called, what it must be, and where it may be had.
public struct RemoteFile: Hashable, Sendable {
  public var name: String
  /// Bytes of the whole file.
  public var size: Int
  /// The digest of the whole file, as 64 hexadecimal digits; empty where it is not known.
  public var sha256: String
  /// Addresses that all give the same bytes, the first choice first; none where none is known.
  public var urls: [String]

  public init(name: String, size: Int, sha256: String, urls: [String]) {
    self.name = name
    self.size = size
    self.sha256 = sha256
    self.urls = urls
  }

  /// Every address to try: this file below each of the base addresses, and then its own.
  func addresses(below bases: [String]) -> [String] {
    let encoded = name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? name
    return bases.map { $0.hasSuffix("/") ? $0 + encoded : $0 + "/" + encoded } + urls
  }

  func hasDigest(_ digest: String) -> Bool { digest == sha256.lowercased() }
}
