import Foundation

/// The progress of a download.
public struct DownloadProgress: Hashable, Sendable {
  /// The mirror that sends at the moment.
  public var url: String
  /// Bytes of the file that are there, those of an earlier try included.
  public var received: Int
  /// Bytes of the whole file.
  public var total: Int

  public init(url: String, received: Int, total: Int) {
    self.url = withoutPassword(url)
    self.received = received
    self.total = total
  }

  /// The mirror's name alone.
  public var host: String { URLComponents(string: url)?.host ?? url }
}

/// The way in which a file came to be where it was asked for.
public enum DownloadOutcome: Hashable, Sendable {
  /// All its bytes were there already: no server was asked.
  case present
  /// `bytes` came over the network in `seconds`, the last of them from `url`. They are fewer
  /// than the file has where an earlier part was resumed.
  case fetched(bytes: Int, seconds: Double, url: String)
}
