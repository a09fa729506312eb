import Experiments
import Files
import Foundation
import Testing

/// Files that claim more than any memory has, and take next to nothing of a disk.
@Suite struct LargeFileTests {
  private let path = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-large-\(UUID()).safetensors").path

  /// A file of tensors with a right header and 4 TiB of zeros.
  private func write(_ metadata: String) throws {
    let size = 1 << 42
    let header = Data(
      #"{"__metadata__":{\#(metadata)},"w":{"dtype":"F32","shape":[\#(size / 4)],"data_offsets":[0,\#(size)]}}"#
        .utf8)
    try Files.write(littleEndian([UInt64(header.count)]) + header, to: path)
    try #require(truncate(path, off_t(8 + header.count + size)) == 0)
  }

  @Test func tensorsAreNotReadWithoutLimit() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try SmallRun().configuration().0.model
    let readers: [(String, () throws -> Void)] = [
      ("a checkpoint", { _ = try StoredModel(path) }),
      ("parameters to begin with", { _ = try WarmStart(path, for: model) }),
      ("a model to judge", { _ = try RefereedModel(path) }),
    ]
    for metadata in ["", #""model":"{}""#] {
      try write(metadata)
      for (name, read) in readers {
        let error = #expect(throws: FormatError.self, "\(name)") { try read() }
        let problem = error?.problem ?? "none"
        #expect(problem.hasPrefix("expected at most"), "\(name): \(problem)")
      }
    }
  }
}
