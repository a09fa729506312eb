import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Shares of a sweep, and their merging, through the command line.
@Suite struct SweepShardTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-shards-\(UUID())").path

  private func shard(_ share: String) -> Outcome {
    run(
      "sweep", "--data", "linear-gaussian", "--layers", "4:2", "--passes", "1", "--samples", "2,3",
      "--test-samples", "5", "--validation-samples", "2", "--limit", "10", "--quiet",
      "--shard", share, "--out", "\(folder)/\(share.prefix(1))")
  }

  private func merge(_ folders: String..., into out: String) -> Outcome {
    run(
      "sweep", "--merge", folders.map { "\(folder)/\($0)" }.joined(separator: ","), "--out",
      "\(folder)/\(out)")
  }

  private func isThere(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(name)")
  }

  @Test func sharesAreMerged() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for share in ["1/2", "2/2"] {
      let outcome = shard(share)
      #expect(outcome.status == .done, "\(outcome.error)")
    }
    // One share is not the whole, which is said.
    let half = merge("1", into: "half")
    #expect(half.status == .failed && half.error.contains("1 cell of 2"), "\(half.error)")
    let whole = merge("1", "2", into: "whole")
    #expect(whole.status == .done && isThere("whole/results.json"), "\(whole.error)")
  }

  /// Folders that cannot be merged are named before anything is made.
  @Test func foldersThatCannotBeMergedAreRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(shard("1/2").status == .done)
    for folders in [["1", "nowhere"], ["nowhere", "1"]] {
      let outcome = merge(folders[0], folders[1], into: "whole")
      #expect(outcome.status == .fileAccess)
      #expect(outcome.error.contains("nowhere' is no folder: '--merge' takes"), "\(outcome.error)")
      #expect(!isThere("whole") && !isThere("nowhere"))
    }
    // By another name, too.
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/link", withDestinationPath: "\(folder)/1")
    for (one, out) in [("1", "1"), ("link", "1"), ("1", "link"), ("1/", "1")] {
      let outcome = merge(one, into: out)
      #expect(outcome.status == .usage, "\(one) into \(out)")
      let words = "\(one)' is the folder to merge into, and keeps what it has."
      #expect(outcome.error.contains(words), "\(outcome.error)")
    }
    let none = run("sweep", "--merge", ",", "--out", "\(folder)/whole")
    #expect(none.status == .usage && none.error.contains("'--merge' names no folder."))
    let wrong = shard("3/2")
    #expect(wrong.status == .usage && wrong.error.contains("expected a share and their number"))
    let both = run(
      "sweep", "--merge", "\(folder)/1", "--shard", "1/2", "--out", "\(folder)/whole")
    #expect(both.status == .usage && both.error.contains("leave out '--shard'"), "\(both.error)")
    #expect(!isThere("whole") && !isThere("3"))
  }
}
