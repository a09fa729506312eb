/// The head of an HTTP response, as far as it tells of the body that follows.
struct ResponseHead {
  /// The part of the whole that a `Content-Range` names.
  struct Range: Hashable {
    var first: Int
    /// Bytes of the whole, unless the server does not tell.
    var total: Int?
  }

  enum Verdict: Hashable {
    /// Not the head of the body that was asked for: a redirect, or an error that libcurl reports.
    case pass
    /// The body is the file from this byte on.
    case accept(from: Int)
    case refuse(String)
  }

  private(set) var status = 0
  private(set) var contentLength: Int?
  private(set) var contentRange: Range?

  /// Reads one line; a status line begins a new head.
  mutating func read(_ line: String) {
    if line.uppercased().hasPrefix("HTTP/") {
      self = ResponseHead()
      let words = line.split(whereSeparator: \.isWhitespace)
      status = words.count > 1 ? Int(words[1]) ?? 0 : 0
      return
    }
    let parts = line.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { return }
    switch parts[0].lowercased() {
    case "content-length": contentLength = Int(Self.trimmed(parts[1]))
    case "content-range": contentRange = Self.range(Self.trimmed(parts[1]))
    default: break
    }
  }

  /// Decides on the body, where a file of `size` bytes was asked for from `offset` on.
  func verdict(offset: Int, size: Int) -> Verdict {
    let start: Int
    switch status {
    case 200:
      start = 0
    case 206:
      guard offset > 0, let contentRange, contentRange.first == offset else {
        return .refuse("answered with another part than the one from byte \(offset) on")
      }
      if let total = contentRange.total, total != size { return .refuse(Self.claim(total, size)) }
      start = offset
    default:
      return .pass
    }
    if let contentLength, contentLength != size - start {
      let (claimed, overflow) = contentLength.addingReportingOverflow(start)
      return .refuse(Self.claim(overflow ? contentLength : claimed, size))
    }
    return .accept(from: start)
  }

  private static func claim(_ claimed: Int, _ size: Int) -> String {
    "claims \(Wording.bytes(claimed)), expected \(Wording.grouped(size))"
  }

  /// "bytes 5-9/10" or "bytes 5-9/*".
  private static func range(_ text: String) -> Range? {
    let words = text.split(whereSeparator: { " -/".contains($0) })
    guard words.count == 4, words[0].lowercased() == "bytes", let first = Int(words[1]) else {
      return nil
    }
    return Range(first: first, total: Int(words[3]))
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
