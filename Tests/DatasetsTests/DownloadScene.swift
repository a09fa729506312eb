import Compute
import Files
import Foundation
import Testing

@testable import Datasets

/// A folder and a server of a test's own, and the file that is to get from one to the other.
final class DownloadScene {
  /// 200,000 bytes that look random.
  static let content: [UInt8] = {
    var state: UInt32 = 12345
    return (0..<200_000).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
  }()

  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
  let server: LoopbackServer
  var file: RemoteFile
  var downloader = Downloader(connectTimeout: 2, stallTimeout: 1)

  var path: String { folder + "/data/file.bin" }
  var partialPath: String { path + ".partial" }

  /// The file has the server's addresses of these paths.
  init(_ paths: String..., script: @escaping LoopbackServer.Script) throws {
    // A proxy of the environment does not reach this machine's own addresses.
    setenv("no_proxy", "127.0.0.1", 1)
    server = try LoopbackServer(script)
    file = RemoteFile(
      name: "file.bin", size: Self.content.count, sha256: SHA256.hexadecimal(Self.content),
      urls: (paths.isEmpty ? ["file"] : paths).map(server.url))
    try FileManager.default.createDirectory(
      atPath: folder + "/data", withIntermediateDirectories: true)
  }

  deinit {
    server.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @discardableResult
  func download(
    progress: (DownloadProgress) -> Bool = { _ in true }
  ) throws(DownloadError) -> DownloadOutcome {
    try downloader.download(file, to: path, progress: progress)
  }

  /// The error of a download that must fail.
  func failure(
    progress: (DownloadProgress) -> Bool = { _ in true },
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> DownloadError {
    try #require(
      throws: DownloadError.self, sourceLocation: sourceLocation,
      performing: { try download(progress: progress) })
  }

  func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// Checks that the folder has these contents and nothing else.
  func expect(
    target: [UInt8]?, partial: [UInt8]? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    // Not as operands: a failure would print all the bytes.
    let isTargetRight = read(path) == target
    let isPartialRight = read(partialPath) == partial
    #expect(isTargetRight, sourceLocation: sourceLocation)
    #expect(isPartialRight, "\(read(partialPath)?.count ?? -1)", sourceLocation: sourceLocation)
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder + "/data")
    let expected = (target == nil ? 0 : 1) + (partial == nil ? 0 : 1)
    #expect(names?.count == expected, sourceLocation: sourceLocation)
  }

  private func read(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { Array($0) }
  }
}

extension DownloadOutcome {
  /// Bytes that came over the network; nil where nothing did.
  var fetchedBytes: Int? {
    guard case .fetched(let bytes, let seconds, _) = self, seconds >= 0 else { return nil }
    return bytes
  }

  var url: String? {
    guard case .fetched(_, _, let url) = self else { return nil }
    return url
  }
}
