import Foundation

/// A small HTTP server on 127.0.0.1 that does for every request what a test's script says.
final class LoopbackServer: @unchecked Sendable {
  struct Request: Sendable {
    var path = ""
    /// By their names in small letters.
    var headers: [String: String] = [:]
    /// Bytes of the body that were sent.
    var sent = 0

    /// N of `Range: bytes=N-`; -1 for any other range.
    var rangeStart: Int? {
      guard let range = headers["range"] else { return nil }
      guard range.hasPrefix("bytes="), range.hasSuffix("-") else { return -1 }
      return Int(range.dropFirst(6).dropLast()) ?? -1
    }
  }

  /// What happens on a connection; after the last step it is closed.
  enum Step: Sendable {
    case head(String)
    case body([UInt8])
    /// Sends nothing more, until the client goes away.
    case hold
    /// Sends the same bytes, until the client goes away.
    case endless([UInt8])
  }

  typealias Script = @Sendable (Request) -> [Step]

  let port: UInt16
  private let listener: CInt
  private let script: Script
  private let lock = NSLock()
  private var log: [Request] = []

  init(_ script: @escaping Script) throws {
    self.script = script
    #if canImport(Glibc)
      listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    #else
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, address, &size) == 0
      }
    }
    guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in acceptAll() }
  }

  /// All requests so far, in the order of their answers' ends.
  var requests: [Request] { lock.withLock { log } }

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

  /// Refuses connections from now on.
  func stop() { shutdown(listener, CInt(SHUT_RDWR)) }

  private func acceptAll() {
    while true {
      let connection = accept(listener, nil, nil)
      if connection < 0 { break }
      #if !canImport(Glibc)
        var on: CInt = 1
        setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<CInt>.size))
      #endif
      Thread.detachNewThread { [self] in
        if let request = readRequest(connection) { answer(request, on: connection) }
        close(connection)
      }
    }
    close(listener)
  }

  private func readRequest(_ connection: CInt) -> Request? {
    var text = ""
    var piece = [UInt8](repeating: 0, count: 4096)
    while !text.hasSuffix("\r\n\r\n") {
      let count = recv(connection, &piece, piece.count, 0)
      if count <= 0 { return nil }
      text += String(decoding: piece[..<count], as: UTF8.self)
    }
    let lines = text.split(separator: "\r\n")
    var request = Request(path: String(lines[0].split(separator: " ")[1].dropFirst()))
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      request.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    return request
  }

  private func answer(_ request: Request, on connection: CInt) {
    var request = request
    let steps = script(request)
    let number = lock.withLock {
      log.append(request)
      return log.count - 1
    }
    for step in steps {
      switch step {
      case .head(let text): _ = send(Array(text.utf8), to: connection)
      case .body(let bytes): request.sent += send(bytes, to: connection) ? bytes.count : 0
      case .hold:
        var byte: UInt8 = 0
        _ = recv(connection, &byte, 1, 0)
      case .endless(let bytes): while send(bytes, to: connection) { request.sent += bytes.count }
      }
      lock.withLock { log[number].sent = request.sent }
    }
  }

  private func send(_ bytes: [UInt8], to connection: CInt) -> Bool {
    #if canImport(Glibc)
      let flags = CInt(MSG_NOSIGNAL)
    #else
      let flags: CInt = 0
    #endif
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Glibc)
        let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, flags) }
      #else
        let count = rest.withUnsafeBytes {
          Darwin.send(connection, $0.baseAddress, $0.count, flags)
        }
      #endif
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Answers that scripts are made of.
extension [LoopbackServer.Step] {
  /// A whole answer with a true length.
  static func answer(
    _ status: String, headers: [String] = [], body: [UInt8] = []
  ) -> [LoopbackServer.Step] {
    let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)", "Connection: close"]
    return [.head((lines + headers).joined(separator: "\r\n") + "\r\n\r\n"), .body(body)]
  }

  /// A head alone, followed by what the caller adds.
  static func head(_ status: String, _ headers: String...) -> [LoopbackServer.Step] {
    [.head((["HTTP/1.1 \(status)"] + headers).joined(separator: "\r\n") + "\r\n\r\n")]
  }

  /// The file as good servers give it: the rest alone where that was asked for.
  static func file(_ content: [UInt8], for request: LoopbackServer.Request)
    -> [LoopbackServer.Step]
  {
    guard let start = request.rangeStart else { return answer("200 OK", body: content) }
    guard (0..<content.count).contains(start) else {
      return answer(
        "416 Range Not Satisfiable", headers: ["Content-Range: bytes */\(content.count)"],
        body: [UInt8]("<html>no</html>".utf8))
    }
    let range = "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)"
    return answer("206 Partial Content", headers: [range], body: [UInt8](content[start...]))
  }

  /// The file, or its rest, that breaks off before a byte of it.
  static func file(
    _ content: [UInt8], for request: LoopbackServer.Request, until end: Int
  ) -> [LoopbackServer.Step] {
    let start = request.rangeStart ?? 0
    let part = [UInt8](content[Swift.min(start, end)..<end])
    return file(content, for: request).prefix(1) + [.body(part)]
  }
}
