import CCurl
import Foundation

/// One request for the bytes of a file that are not there yet.
final class Transfer {
  enum End {
    /// As many bytes are there as the file must have.
    case whole
    /// The server stopped in the middle; asking again may help.
    case brokenOff(String)
    /// The server cannot send from the byte on that was asked for.
    case rangeRefused
    /// Asking this server again is no use.
    case refused(String)
  }

  /// Why this side stopped the transfer.
  enum Stop {
    case refused(String)
    case stalled
    case interrupted
    case fileAccess(DownloadError)
  }

  let url: String
  let file: RemoteFile
  let partial: PartialFile
  let settings: Downloader
  let report: (DownloadProgress) -> Bool

  /// Bytes that came over the network.
  var received = 0
  /// The byte of the file that the body begins with, once the server's answer is accepted.
  var bodyStart: Int?
  /// The byte of the file that was asked for.
  let offset: Int
  var head = ResponseHead()
  var stop: Stop?
  var watch: StallWatch

  let curl: UnsafeMutableRawPointer
  private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  private var requestHeaders: UnsafeMutablePointer<curl_slist>?

  /// libcurl's own preparation, which must happen exactly once.
  private static let preparation = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  init?(
    url: String, file: RemoteFile, partial: PartialFile, settings: Downloader,
    report: @escaping (DownloadProgress) -> Bool
  ) {
    guard Self.preparation == CURLE_OK, let curl = curl_easy_init() else {
      message.deallocate()
      return nil
    }
    self.curl = curl
    (self.url, self.file, self.partial) = (url, file, partial)
    (self.settings, self.report) = (settings, report)
    offset = partial.length
    watch = StallWatch(limit: settings.stallTimeout)
    message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    curl_easy_cleanup(curl)
    curl_slist_free_all(requestHeaders)
    message.deallocate()
  }

  /// True if this transfer continued what was there before.
  var isResumed: Bool { bodyStart.map { $0 > 0 } ?? false }

  func run() throws(DownloadError) -> End {
    var code = configure()
    if code == CURLE_OK { code = curl_easy_perform(curl) }
    switch stop {
    case .fileAccess(let error):
      throw error
    case .interrupted:
      throw .interrupted(file, kept: partial.length)
    case .refused(let reason):
      // Bytes of a body that proved wrong are no part of the file.
      if let bodyStart { try partial.truncate(to: bodyStart) }
      return .refused(reason)
    case .stalled, nil:
      if bodyStart != nil && partial.length == file.size { return .whole }
      if stop == nil { return end(code) }
      return .refused("stalled for \(Wording.seconds(settings.stallTimeout)) \(position)")
    }
  }

  /// Tells libcurl what to do; the first refusal counts.
  private func configure() -> CURLcode {
    let isPlain = url.lowercased().hasPrefix("http://")
    requestHeaders = curl_slist_append(nil, "Accept-Encoding: identity")
    let connectTimeout = Int(min(max(1, settings.connectTimeout * 1000), 1e9))
    var codes = [
      iwae_curl_set_text(curl, CURLOPT_URL, url),
      iwae_curl_set_protocols(curl, isPlain ? 1 : 0),
      iwae_curl_set_text(curl, CURLOPT_USERAGENT, "iwae-gpu"),
      iwae_curl_set_pointer(curl, CURLOPT_HTTPHEADER, requestHeaders),
      iwae_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, message),
      iwae_curl_set_long(curl, CURLOPT_FOLLOWLOCATION, 1),
      iwae_curl_set_long(curl, CURLOPT_MAXREDIRS, Self.redirectLimit),
      iwae_curl_set_long(curl, CURLOPT_FAILONERROR, 1),
      iwae_curl_set_long(curl, CURLOPT_NOSIGNAL, 1),
      // The head of a proxy's answer is not that of the file.
      iwae_curl_set_long(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
      iwae_curl_set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, connectTimeout),
    ]
    if let certificates = settings.certificateFile {
      codes.append(iwae_curl_set_text(curl, CURLOPT_CAINFO, certificates))
    }
    if offset > 0 {
      // CURLOPT_RESUME_FROM_LARGE would fail where the server sends everything instead.
      codes.append(iwae_curl_set_text(curl, CURLOPT_RANGE, "\(offset)-"))
    }
    codes += setCallbacks()
    return codes.first { $0 != CURLE_OK } ?? CURLE_OK
  }

  static let redirectLimit = 5

  private static let certificateRemedy =
    "Set SSL_CERT_FILE to the file of the certificates to trust."

  /// The end that libcurl's result stands for, where this side did not stop the transfer.
  private func end(_ code: CURLcode) -> End {
    switch code {
    case CURLE_OK:
      return bodyStart == nil
        ? .refused("answered \(head.status), which is no file") : .brokenOff("ended \(position)")
    case CURLE_HTTP_RETURNED_ERROR:
      return head.status == 416 && offset > 0 ? .rangeRefused : .refused("answered \(head.status)")
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
      CURLE_OPERATION_TIMEDOUT:
      return .refused("could not be reached: \(explanation(code))")
    case CURLE_TOO_MANY_REDIRECTS:
      return .refused("redirects more than \(Self.redirectLimit) times")
    case CURLE_UNSUPPORTED_PROTOCOL where (300..<400).contains(head.status):
      return .refused("redirects to where no file is fetched from: \(explanation(code))")
    case CURLE_UNSUPPORTED_PROTOCOL where explanation(code).contains("HTTP/0.9"):
      return .refused("did not answer in HTTP")
    case CURLE_PEER_FAILED_VERIFICATION:
      return .refused("could not prove who it is: \(explanation(code)). \(Self.certificateRemedy)")
    case CURLE_SSL_CACERT_BADFILE:
      return .refused("was not asked: \(explanation(code)). \(Self.certificateRemedy)")
    case CURLE_GOT_NOTHING where head.status == 0:
      return .brokenOff("closed the connection without an answer")
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2,
      CURLE_HTTP2_STREAM:
      return .brokenOff("broke off \(position): \(explanation(code))")
    default:
      return .refused("failed: \(explanation(code))")
    }
  }

  /// The words for the part of the file that is there.
  private var position: String {
    "after \(Wording.grouped(partial.length)) of \(Wording.bytes(file.size))"
  }

  /// libcurl's own words.
  private func explanation(_ code: CURLcode) -> String {
    let detail = String(cString: message)
    return detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
  }
}
