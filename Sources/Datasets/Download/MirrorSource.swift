/// Fetches the same file from one mirror after the other into the same part.
struct MirrorSource {
  let file: RemoteFile
  let partial: PartialFile
  let settings: Downloader
  let report: (DownloadProgress) -> Bool
  /// Bytes that came over the network, from all mirrors.
  private(set) var received = 0

  /// The times that a mirror that breaks off is asked for the rest.
  private static let resumptions = 2

  init(
    file: RemoteFile, partial: PartialFile, settings: Downloader,
    report: @escaping (DownloadProgress) -> Bool
  ) {
    (self.file, self.partial) = (file, partial)
    (self.settings, self.report) = (settings, report)
  }

  /// Why a mirror does not deliver, or nil once the part is the whole, verified file.
  mutating func fetch(_ url: String) throws(DownloadError) -> String? {
    var resumptions = 0
    var startedOver = false
    while true {
      guard
        let transfer = Transfer(
          url: url, file: file, partial: partial, settings: settings, report: report)
      else { return "was not asked: libcurl could not be started" }
      let end = try transfer.run()
      received += transfer.received
      switch end {
      case .whole:
        guard let reason = try reasonToDiscard() else { return nil }
        // What this mirror did not send itself may have been the wrong part.
        if startedOver || !transfer.isResumed { return reason }
        startedOver = true
      case .brokenOff(let reason):
        guard transfer.received > 0 else { return reason }
        if resumptions == Self.resumptions { return "\(reason) (asked \(resumptions + 1) times)" }
        resumptions += 1
      case .rangeRefused:
        try partial.truncate(to: 0)
        if startedOver { return "answered 416" }
        startedOver = true
      case .refused(let reason):
        return reason
      }
    }
  }

  /// Discards a part whose digest is wrong, and says what was found; nil where it is right.
  private func reasonToDiscard() throws(DownloadError) -> String? {
    let digest = try partial.digest()
    if file.hasDigest(digest) { return nil }
    try partial.truncate(to: 0)
    return "sent other bytes: SHA-256 \(digest.prefix(12))… instead of "
      + "\(file.sha256.lowercased().prefix(12))…"
  }
}
