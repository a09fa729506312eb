import Foundation
import Testing

@testable import Datasets

private let content = DownloadScene.content

@Suite struct DownloadLockTests {
  @Test func theSecondRunStepsBack() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    var second: DownloadError?
    // The first has the lock for as long as it reports.
    try scene.download { _ in
      if second == nil { second = try? scene.failure() }
      return true
    }
    #expect(second?.kind == .busy)
    #expect(second?.description.contains("Another run is downloading to") == true)
    scene.expect(target: content)
    #expect(scene.server.requests.count == 1)
  }

  @Test func runsAtOnceFetchOnce() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    final class Log: @unchecked Sendable {
      let lock = NSLock()
      var results: [Result<DownloadOutcome, DownloadError>] = []
    }
    let log = Log()
    let (downloader, file, path) = (scene.downloader, scene.file, scene.path)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      while true {
        let result = Result { () throws(DownloadError) in
          try downloader.download(file, to: path) { _ in true }
        }
        log.lock.withLock { log.results.append(result) }
        guard case .failure(let error) = result, error.kind == .busy else { return }
        usleep(1000)
      }
    }
    let outcomes = log.results.compactMap { try? $0.get() }
    #expect(outcomes.count == 8)
    #expect(outcomes.filter { $0 == .present }.count == 7)
    scene.expect(target: content)
    #expect(scene.server.requests.count == 1)
  }

  /// The run that has the lock moves the file between another's opening and locking.
  @Test func aFileThatMovedAwayIsNotLocked() throws {
    let scene = try DownloadScene { _ in [] }
    let descriptor = try PartialFile.open(scene.partialPath)
    defer { close(descriptor) }
    #expect(try PartialFile.lock(descriptor, at: scene.partialPath) == 0)
    try scene.write([1, 2], to: scene.path)
    #expect(rename(scene.partialPath, scene.path) == 0)
    #expect(try PartialFile.lock(descriptor, at: scene.partialPath) == nil)
    scene.expect(target: [])
    try scene.write([1, 2], to: scene.partialPath)
    #expect(try PartialFile.lock(descriptor, at: scene.partialPath) == nil)
    scene.expect(target: [], partial: [1, 2])
  }

  /// Another run brings the file between the first look and the lock.
  @Test func aFileThatHasJustArrivedIsNotFetched() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    let partial = try PartialFile(path: scene.partialPath)
    try scene.write(content, to: scene.path)
    let outcome = try scene.downloader.complete(
      partial, scene.file, to: scene.path, report: { _ in true })
    #expect(outcome == .present)
    scene.expect(target: content)
    #expect(scene.server.requests.isEmpty)
  }
}

@Suite struct DownloadFolderTests {
  @Test func aFolderThatCannotBe() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    try scene.write([5], to: scene.path)
    let path = scene.path + "/below/file.bin"
    let error = try #require(throws: DownloadError.self) {
      try scene.downloader.download(scene.file, to: path) { _ in true }
    }
    #expect(error.kind == .fileAccess && error.description.contains("Not a directory"))
    #expect(error.description.contains("'\(scene.path)/below"))
    scene.expect(target: [5])
    #expect(scene.server.requests.isEmpty)
  }

  @Test(.enabled(if: geteuid() != 0, "The superuser may write everywhere."))
  func aFolderThatMayNotBeWritten() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    chmod(scene.folder + "/data", 0o555)
    defer { chmod(scene.folder + "/data", 0o755) }
    let error = try scene.failure()
    #expect(error.kind == .fileAccess && error.description.contains("Permission denied"))
    scene.expect(target: nil)
    #expect(scene.server.requests.isEmpty)
  }

  @Test func aFolderInTheWay() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    for path in [scene.path, scene.partialPath] {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
      let error = try scene.failure()
      #expect(error.kind == .fileAccess && error.description.contains("Is a directory"))
      #expect(error.description.contains("'\(path)'"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
      try FileManager.default.removeItem(atPath: path)
    }
    scene.expect(target: nil)
    #expect(scene.server.requests.isEmpty)
  }

  /// Whoever may write beside the target must not make the download write elsewhere.
  @Test func aLinkInTheWay() throws {
    let scene = try DownloadScene { .file(content, for: $0) }
    let elsewhere = scene.folder + "/elsewhere"
    try scene.write([1, 2, 3], to: elsewhere)
    #expect(symlink(elsewhere, scene.partialPath) == 0)
    #expect(try scene.failure().kind == .fileAccess)
    scene.expect(target: nil, partial: [1, 2, 3])
    #expect(scene.server.requests.isEmpty)
  }

  #if os(Linux)
    @Test func aFullDisk() throws {
      let descriptor = open("/dev/full", O_RDWR)
      let partial = PartialFile(descriptor: descriptor, path: "full.partial", length: 0)
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
      defer { bytes.deallocate() }
      let error = try #require(throws: DownloadError.self) {
        try partial.append(UnsafeRawBufferPointer(bytes))
      }
      #expect(error.kind == .fileAccess && partial.length == 0)
      #expect(error.description.contains("'full.partial'"))
      #expect(error.description.contains("No space left on device. Free some space"))
    }

    @Test func aFullDiskEndsATransfer() throws {
      let scene = try DownloadScene("one", "two") { .file(content, for: $0) }
      let descriptor = open("/dev/full", O_RDWR)
      let partial = PartialFile(descriptor: descriptor, path: "full.partial", length: 0)
      var source = MirrorSource(
        file: scene.file, partial: partial, settings: scene.downloader, report: { _ in true })
      let error = try #require(throws: DownloadError.self) {
        try source.fetch(scene.file.urls[0])
      }
      #expect(error.kind == .fileAccess)
      scene.expect(target: nil)
    }
  #endif
}
