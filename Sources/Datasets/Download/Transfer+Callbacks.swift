import CCurl
import Foundation

/// The functions that libcurl calls while it transfers.
extension Transfer {
  /// Sets the functions that libcurl calls; they find the transfer behind their context.
  func setCallbacks() -> [CURLcode] {
    let context = Unmanaged.passUnretained(self).toOpaque()
    return [
      iwae_curl_set_pointer(curl, CURLOPT_HEADERDATA, context),
      iwae_curl_set_header(curl) { bytes, size, count, context in
        Transfer.of(context).readHead(UnsafeRawBufferPointer(start: bytes, count: size * count))
      },
      iwae_curl_set_pointer(curl, CURLOPT_WRITEDATA, context),
      iwae_curl_set_write(curl) { bytes, size, count, context in
        Transfer.of(context).receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
      },
      iwae_curl_set_pointer(curl, CURLOPT_XFERINFODATA, context),
      iwae_curl_set_progress(curl) { context, _, _, _, _ in
        Transfer.of(context).goesOn() ? 0 : 1
      },
      iwae_curl_set_long(curl, CURLOPT_NOPROGRESS, 0),
    ]
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
    // Set just above, and alive while `run` waits for libcurl.
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
  }

  /// Reads a line of a head; any other count than that of its bytes stops the transfer.
  private func readHead(_ bytes: UnsafeRawBufferPointer) -> Int {
    // Trailers may follow a body: they change nothing any more.
    guard bodyStart == nil else { return bytes.count }
    let line = String(decoding: bytes, as: UTF8.self)
    guard line.allSatisfy(\.isNewline) else {
      head.read(line)
      return bytes.count
    }
    switch head.verdict(offset: offset, size: file.size) {
    case .pass:
      return bytes.count
    case .accept(let start):
      bodyStart = start
      return bytes.count
    case .refuse(let reason):
      return refuse(reason)
    }
  }

  /// Takes a piece of the body; any other count than that of its bytes stops the transfer.
  private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let bodyStart else { return refuse("answered \(head.status), which is no file") }
    do throws(DownloadError) {
      // A server that sends everything instead of the rest: only now is it sure that it sends.
      if received == 0 { try partial.truncate(to: bodyStart) }
      received += bytes.count
      if bytes.count > file.size - partial.length {
        return refuse("sends more than the expected \(Wording.bytes(file.size))")
      }
      try partial.append(bytes)
      return bytes.count
    } catch {
      stop = .fileAccess(error)
      return 0
    }
  }

  private func refuse(_ reason: String) -> Int {
    stop = .refused(reason)
    return 0
  }

  /// True if to go on: libcurl asks about once a second, and whenever something has arrived.
  private func goesOn() -> Bool {
    let progress = DownloadProgress(url: url, received: partial.length, total: file.size)
    if !report(progress) {
      stop = .interrupted
      return false
    }
    var connected: curl_off_t = 0
    let code = iwae_curl_get_offset(curl, CURLINFO_PRETRANSFER_TIME_T, &connected)
    if code == CURLE_OK && connected == 0 {
      // The time to connect has its own limit.
      watch.reset()
    } else if watch.isStalled(received: received, now: .now) {
      stop = .stalled
      return false
    }
    return true
  }
}
