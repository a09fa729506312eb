import Foundation
import Testing

@testable import Datasets

private let content = DownloadScene.content

@Suite struct DownloadTests {
  @Test func theFileArrives() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    try FileManager.default.removeItem(atPath: scene.folder)
    var reports: [DownloadProgress] = []
    let outcome = try scene.download {
      reports.append($0)
      return true
    }
    #expect(outcome.fetchedBytes == content.count && outcome.url == scene.file.urls[0])
    scene.expect(target: content)
    #expect(reports.map(\.received) == reports.map(\.received).sorted())
    #expect(reports.last?.received == content.count)
    #expect(reports.allSatisfy { $0.total == content.count && $0.host == "127.0.0.1" })
    let request = try #require(scene.server.requests.first)
    #expect(scene.server.requests.count == 1 && request.rangeStart == nil)
    #expect(request.headers["user-agent"] == "iwae-gpu")
    #expect(request.headers["accept-encoding"] == "identity")
  }

  @Test func whatIsThereIsNotFetched() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    try scene.write(content, to: scene.path)
    #expect(try scene.download() == .present)
    scene.expect(target: content)
    // A part that an earlier run left is none of its business.
    try scene.write([1, 2, 3], to: scene.partialPath)
    scene.file.sha256 = scene.file.sha256.uppercased()
    #expect(try scene.download() == .present)
    scene.expect(target: content, partial: [1, 2, 3])
    #expect(scene.server.requests.isEmpty)
  }

  @Test func anEmptyFileNeedsNoServer() throws {
    let scene = try DownloadScene { _ in [] }
    scene.file = RemoteFile(
      name: "empty", size: 0,
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", urls: [])
    #expect(try scene.download() == .present)
    scene.expect(target: [])
  }

  @Test(arguments: [1, content.count])
  func aBadFileStaysUntilAGoodOneIsThere(size: Int) throws {
    let bad = [UInt8](repeating: 7, count: size)
    let scene = try DownloadScene("bad", "missing", "cut") { request in
      switch request.path {
      case "bad": .answer("200 OK", body: content.reversed())
      case "cut": .file(content, for: request, until: 1000)
      case "good": .file(content, for: request)
      default: .answer("404 Not Found")
      }
    }
    try scene.write(bad, to: scene.path)
    #expect(try scene.failure().kind == .unavailable)
    scene.expect(target: bad, partial: [UInt8](content[..<1000]))
    scene.file.urls = [scene.server.url("good")]
    #expect(try scene.download().fetchedBytes == content.count - 1000)
    scene.expect(target: content)
  }

  @Test func mirrorsAreTriedInTurn() throws {
    let scene = try DownloadScene("a", "b", "c") { request in
      request.path == "b" ? .file(content, for: request) : .answer("404 Not Found")
    }
    scene.file.name = "a file.bin"
    scene.downloader.mirrors = [scene.server.url("one/"), scene.server.url("two")]
    #expect(try scene.download().url == scene.server.url("b"))
    scene.expect(target: content)
    let paths = ["one/a%20file.bin", "two/a%20file.bin", "a", "b"]
    #expect(scene.server.requests.map(\.path) == paths)
  }

  @Test func aRedirectIsFollowed() throws {
    let scene = try DownloadScene { request in
      request.path == "there"
        ? .file(content, for: request)
        : .answer("302 Found", headers: ["Location: /there"], body: [1, 2, 3])
    }
    try scene.write(content[..<50], to: scene.partialPath)
    #expect(try scene.download().fetchedBytes == content.count - 50)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [50, 50])
  }
}

@Suite struct DownloadResumptionTests {
  @Test func anInterruptedDownloadGoesOn() throws {
    let scene = try DownloadScene { request in
      request.rangeStart == nil
        ? .file(content, for: request, until: 100_000) + [.hold] : .file(content, for: request)
    }
    let error = try scene.failure { $0.received < 100_000 }
    #expect(error.kind == .interrupted && error.description.contains("100,000 bytes of 200,000"))
    scene.expect(target: nil, partial: [UInt8](content[..<100_000]))
    var first: Int?
    let outcome = try scene.download {
      first = first ?? $0.received
      return true
    }
    #expect(outcome.fetchedBytes == 100_000 && first == 100_000)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [nil, 100_000])
    #expect(scene.server.requests.map(\.sent) == [100_000, 100_000])
  }

  @Test func aServerWithoutRangesStartsOver() throws {
    let scene = try DownloadScene { _ in .answer("200 OK", body: content) }
    try scene.write(content[..<70_000], to: scene.partialPath)
    #expect(try scene.download().fetchedBytes == content.count)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [70_000])
  }

  @Test func aRefusedRangeStartsOver() throws {
    let scene = try DownloadScene { request in
      request.rangeStart == nil
        ? .file(content, for: request)
        : .answer("416 Range Not Satisfiable", body: [UInt8]("<html>no</html>".utf8))
    }
    try scene.write(content[..<70_000], to: scene.partialPath)
    #expect(try scene.download().fetchedBytes == content.count)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [70_000, nil])
  }

  @Test func aRangeThatIsAlwaysRefusedEnds() throws {
    let scene = try DownloadScene { _ in .answer("416 Range Not Satisfiable") }
    try scene.write(content[..<70_000], to: scene.partialPath)
    #expect(try scene.failure().failures.map(\.reason) == ["answered 416"])
    scene.expect(target: nil)
    #expect(scene.server.requests.count == 2)
  }

  @Test func aWrongPartIsFetchedAnew() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    try scene.write([UInt8](repeating: 9, count: 500), to: scene.partialPath)
    let outcome = try scene.download()
    #expect(outcome.fetchedBytes == 2 * content.count - 500)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [500, nil])
  }

  @Test func aWrongPartAndAWrongServerEnd() throws {
    let scene = try DownloadScene { .file(content.reversed(), for: $0) }
    try scene.write(content[..<500], to: scene.partialPath)
    #expect(try scene.failure().failures[0].reason.hasPrefix("sent other bytes: SHA-256 "))
    scene.expect(target: nil)
    #expect(scene.server.requests.map(\.rangeStart) == [500, nil])
  }

  @Test func aPartThatIsTooLongIsDiscarded() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    try scene.write(content + [0], to: scene.partialPath)
    #expect(try scene.download().fetchedBytes == content.count)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [nil])
  }

  @Test func aWholePartIsMovedOrDiscarded() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    try scene.write(content, to: scene.partialPath)
    #expect(try scene.download() == .present)
    scene.expect(target: content)
    #expect(scene.server.requests.isEmpty)
    try FileManager.default.removeItem(atPath: scene.path)
    try scene.write(content.reversed(), to: scene.partialPath)
    #expect(try scene.download().fetchedBytes == content.count)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [nil])
  }

  @Test func aServerThatBreaksOffIsAskedForTheRest() throws {
    let scene = try DownloadScene { request in
      .file(content, for: request, until: min(200_000, (request.rangeStart ?? 0) + 80_000))
    }
    #expect(try scene.download().fetchedBytes == content.count)
    scene.expect(target: content)
    #expect(scene.server.requests.map(\.rangeStart) == [nil, 80_000, 160_000])
  }

  @Test func theNextMirrorGoesOn() throws {
    let scene = try DownloadScene("cut", "none", "good") { request in
      switch request.path {
      case "cut": .file(content, for: request, until: (request.rangeStart ?? 0) + 1000)
      case "none": .file(content, for: request, until: request.rangeStart ?? 0)
      default: .file(content, for: request)
      }
    }
    #expect(try scene.download().url == scene.file.urls[2])
    scene.expect(target: content)
    let ranges = [nil, 1000, 2000, 3000, 3000]
    #expect(scene.server.requests.map(\.rangeStart) == ranges)
    #expect(scene.server.requests.map(\.sent) == [1000, 1000, 1000, 0, 197_000])
  }
}
