import Foundation
import Testing

@testable import Datasets

private let content = DownloadScene.content

/// What a server does to whoever asks it, and what is said about that.
struct Mischief: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var reason: String
  var steps: [LoopbackServer.Step]

  init(_ name: String, _ reason: String, _ steps: [LoopbackServer.Step]) {
    (testDescription, self.reason, self.steps) = (name, reason, steps)
  }

  private static let page = [UInt8]("<html>sorry</html>".utf8)

  static let all: [Mischief] = [
    .init("404", "answered 404", .answer("404 Not Found", body: page)),
    .init("500", "answered 500", .answer("500 Internal Server Error", body: page)),
    .init("no content", "answered 204", .head("204 No Content")),
    .init("part unasked", "answered with another part", .answer("206 Partial", body: content)),
    .init("choices", "answered 300", .answer("300 Multiple Choices", body: page)),
    .init(
      "loop", "redirects more than 5 times", .answer("302 Found", headers: ["Location: /loop"])),
    .init(
      "to a file", "redirects to where no file is fetched",
      .answer("302 Found", headers: ["Location: file:///etc/passwd"])),
    .init(
      "to ftp", "redirects to where no file is fetched",
      .answer("302 Found", headers: ["Location: ftp://127.0.0.1/file"])),
    .init(
      "shorter", "claims 5 bytes, expected 200,000", .answer("200 OK", body: [1, 2, 3, 4, 5])),
    .init("nothing", "claims 0 bytes", .answer("200 OK")),
    .init("longer", "claims 200,001 bytes", .answer("200 OK", body: content + [0])),
    // Refused at once: waiting for the body would be a stall.
    .init(
      "enormous", "claims 9,000,000,000,000,000,000 bytes",
      .head("200 OK", "Content-Length: 9000000000000000000") + [.hold]),
    .init(
      "endless", "sends more than the expected 200,000 bytes",
      .head("200 OK") + [.endless(content)]),
    .init(
      "endless in chunks", "sends more than the expected 200,000 bytes",
      .head("200 OK", "Transfer-Encoding: chunked")
        + [.endless([UInt8]("8\r\n12345678\r\n".utf8))]),
    .init("wrong bytes", "sent other bytes: SHA-256 ", .answer("200 OK", body: content.reversed())),
    .init(
      "no HTTP", "did not answer in HTTP", [.body([UInt8]("I am no server of yours.\r\n\r\n".utf8))]
    ),
    .init("binary", "did not answer in HTTP", [.body(content)]),
    .init("closed at once", "closed the connection without an answer", []),
    .init("no body", "broke off after 0 of", .head("200 OK", "Content-Length: 200000")),
    .init("silent", "stalled for 1 s after 0 of 200,000 bytes", [.hold]),
  ]
}

@Suite struct DownloadMischiefTests {
  @Test(arguments: Mischief.all)
  func nothingWrongIsKept(mischief: Mischief) throws {
    let scene = try DownloadScene { _ in mischief.steps }
    let error = try scene.failure()
    #expect(error.kind == .unavailable && error.failures.map(\.url) == scene.file.urls)
    let reason = try #require(error.failures.first?.reason)
    #expect(reason.contains(mischief.reason), "\(reason)")
    #expect(error.description.contains("\(scene.file.urls[0]): \(reason)"))
    #expect(error.description.contains("get the file by hand and put it at '\(scene.path)'"))
    scene.expect(target: nil)
  }

  @Test(arguments: Mischief.all)
  func theNextMirrorMakesUpForIt(mischief: Mischief) throws {
    let scene = try DownloadScene("bad", "good") { request in
      request.path == "good" ? .file(content, for: request) : mischief.steps
    }
    let outcome = try scene.download()
    #expect(outcome.url == scene.file.urls[1])
    scene.expect(target: content)
    #expect(scene.server.requests.last?.rangeStart == nil)
  }

  /// A part that is there survives an answer that is refused before its body.
  @Test(
    arguments: [
      .init("from 0", "another part", .rest("0-199999/200000", content[...])),
      .init("from 999", "another part", .rest("999-199998/200000", content[999..<199_999])),
      .init("of another file", "claims 300,000", .rest("1000-199999/300000", content[1000...])),
      .init("from nowhere", "another part", .rest("*/200000", content[1000...])),
      .init("too little", "claims 1,010", .rest("1000-1009/200000", content[1000..<1010])),
      .init("unsaid", "another part", .answer("206 Partial", body: content)),
      .init("404", "answered 404", .answer("404 Not Found")),
      .init("closed at once", "without an answer", []),
      .init("shorter", "claims 3 bytes", .answer("200 OK", body: [1, 2, 3])),
      .init("no body", "broke off after 1,000", .head("200 OK", "Content-Length: 200000")),
      .init(
        "endless", "sends more than",
        .head("206 Partial", "Content-Range: bytes 1000-*/*") + [.endless([0])]),
    ] as [Mischief])
  func theGoodPartStays(mischief: Mischief) throws {
    let scene = try DownloadScene { _ in mischief.steps }
    try scene.write(content[..<1000], to: scene.partialPath)
    let error = try scene.failure()
    #expect(error.kind == .unavailable && error.description.contains("1,000 bytes that arrived"))
    #expect(error.failures[0].reason.contains(mischief.reason), "\(error)")
    scene.expect(target: nil, partial: [UInt8](content[..<1000]))
    #expect(scene.server.requests.map(\.rangeStart) == [1000])
  }

  @Test func aStallEndsAndTheNextMirrorGoesOn() throws {
    let scene = try DownloadScene("slow", "good") { request in
      request.path == "slow"
        ? .file(content, for: request, until: 1000) + [.hold] : .file(content, for: request)
    }
    let good = scene.file.urls.removeLast()
    let start = SuspendingClock.now
    let error = try scene.failure()
    #expect(error.failures[0].reason == "stalled for 1 s after 1,000 of 200,000 bytes")
    #expect(start.duration(to: .now) < .seconds(4))
    scene.expect(target: nil, partial: [UInt8](content[..<1000]))
    scene.file.urls = [good]
    #expect(try scene.download().fetchedBytes == content.count - 1000)
    scene.expect(target: content)
  }

  @Test func aServerThatAlwaysBreaksOffIsAskedThreeTimes() throws {
    let scene = try DownloadScene { request in
      .file(content, for: request, until: (request.rangeStart ?? 0) + 1000)
    }
    let reason = try scene.failure().failures[0].reason
    #expect(reason.hasPrefix("broke off after 3,000 of 200,000 bytes"), "\(reason)")
    #expect(reason.hasSuffix("(asked 3 times)"))
    scene.expect(target: nil, partial: [UInt8](content[..<3000]))
    #expect(scene.server.requests.map(\.rangeStart) == [nil, 1000, 2000])
  }

  @Test(arguments: [
    ("ftp://127.0.0.1/file", "failed: "), ("file:///etc/passwd", "failed: "),
    ("127.0.0.1/file", "failed: "), ("", "failed: "), ("https://", "failed: "),
    ("http://127.0.0.1:1/file", "could not be reached: "),
  ])
  func addressesThatLeadNowhere(url: String, reason: String) throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    scene.file.urls = [url]
    let error = try scene.failure()
    #expect(error.failures[0].reason.hasPrefix(reason), "\(error)")
    scene.expect(target: nil)
    scene.file.urls = []
    #expect(try scene.failure().description.contains("no address of it is known"))
    scene.expect(target: nil)
  }

  /// A mirror may want a password, which is nobody's who reads what is printed.
  @Test func passwordsAreNotShown() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    scene.downloader.mirrors = ["http://me:secret@127.0.0.1:1/below"]
    scene.file.urls = ["http://me:secret@127.0.0.1:\(scene.server.port)/file"]
    var seen: Set<String> = []
    let outcome = try scene.download {
      seen.insert($0.url)
      return true
    }
    #expect(outcome.url == scene.server.url("file"))
    #expect(seen.contains(scene.server.url("file")) && !seen.contains { $0.contains("secret") })
    try FileManager.default.removeItem(atPath: scene.path)
    scene.file.urls = []
    let error = try scene.failure()
    #expect(error.failures.map(\.url) == ["http://127.0.0.1:1/below/file.bin"])
    #expect(!error.description.contains("secret"))
    for (address, shown) in [
      ("https://me:a@b@host/x", "https://host/x"), ("https://me@host", "https://host"),
      ("https://host/x@y", "https://host/x@y"), ("host:80/x", "host:80/x"),
    ] {
      #expect(withoutPassword(address) == shown)
    }
  }

  @Test func certificatesThatAreNotThere() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    scene.file.urls = ["https://127.0.0.1:\(scene.server.port)/file"]
    scene.downloader.certificateFile = scene.folder + "/none.pem"
    let reason = try scene.failure().failures[0].reason
    #expect(reason.contains("/none.pem. Set SSL_CERT_FILE to"), "\(reason)")
    scene.expect(target: nil)
    #expect(scene.server.requests.isEmpty)
  }

  @Test func aServerWithoutEncryptionIsNoHTTPS() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    scene.file.urls = ["https://127.0.0.1:\(scene.server.port)/file"]
    #expect(try scene.failure().kind == .unavailable)
    scene.expect(target: nil)
  }

  @Test func aTrickleIsNoStall() {
    var watch = StallWatch(limit: 10)
    let start = SuspendingClock.now
    let trickle = (0..<100).map { second in
      watch.isStalled(received: second, now: start + .seconds(second))
    }
    #expect(!trickle.contains(true))
    // Ten seconds with a byte every two.
    let stalls = (0...10).map { second in
      watch.isStalled(received: 99 + second / 2, now: start + .seconds(100 + second))
    }
    #expect(stalls.contains(true))
  }
}

extension [LoopbackServer.Step] {
  /// Bytes that are said to be a part of the file.
  fileprivate static func rest(_ range: String, _ body: ArraySlice<UInt8>) -> Self {
    answer("206 Partial", headers: ["Content-Range: bytes " + range], body: [UInt8](body))
  }
}
