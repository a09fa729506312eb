import Conformance
import Files
import Foundation
import Testing

@testable import Experiments

/// The one folder in which several processes run cells, as far as they see it and do not meet in a cell.
@Suite struct SharedFolderTests {
  private let scene = SmallRun()
  private var folder: String { scene.folder.path }

  /// Each machine may have a folder of that name: what one rank trains there, the first does not have.
  @Test func aFolderForEachRankIsRefused() throws {
    defer { scene.end() }
    let images = try scene.configuration().1
    let folders = (0..<2).map { "\(folder)/machine-\($0)" }
    for folder in folders { try FileCalls.makeFolder(folder) }
    let found = try ThreadRanks.run(2) { ranks -> String in
      do {
        _ = try CellRunner(
          folders[ranks.rank], images: images, ranks: ranks, seenWithin: .milliseconds(300))
        return "begun"
      } catch {
        return "\(error)"
      }
    }
    let words = ", as rank 0 has it, is not there for rank 1: ranks that run cells together need "
    for (text, folder) in zip(found, folders) {
      #expect(text.hasPrefix("'\(folder)'\(words)"), "\(text)")
    }
    #expect(try FileCalls.names(in: folders[0]) == [".lock"])
    #expect(try FileCalls.names(in: folders[1]).isEmpty)
  }

  /// Another machine may see late what is new: here it is another path that leads there.
  @Test func aFolderThatIsSeenLateIsWaitedFor() throws {
    defer { scene.end() }
    let images = try scene.configuration().1
    let (own, link) = ("\(folder)/own", "\(folder)/link")
    try FileCalls.makeFolder(own)
    let found = try ThreadRanks.run(2) { ranks -> Bool in
      if ranks.rank == 1 {
        Thread.detachNewThread {
          usleep(200_000)
          _ = symlink(own, link)
        }
      }
      _ = try CellRunner(
        ranks.isFirst ? own : link, images: images, ranks: ranks, seenWithin: .seconds(60))
      return true
    }
    #expect(found == [true, true])
    #expect(try FileCalls.names(in: own) == [".lock"])
  }

  /// One share is one process's: another that was started with it would meet it in each cell.
  @Test func aShareThatIsRunIsRefused() throws {
    defer { scene.end() }
    let shares = try ["1/2", "2/2"].map { try #require(CellShare($0)) }
    do {
      let first = try SmallSweep.sweep(folder, shares[0])
      let error = #expect(throws: RunError.self) { try SmallSweep.sweep(folder, shares[0]) }
      let text = try #require(error).description
      #expect(text.hasPrefix("Share 1/2 of '\(folder)' is in use by process "), "\(text)")
      #expect(text.hasSuffix("or choose another share."), "\(text)")
      let second = try SmallSweep.sweep(folder, shares[1])
      withExtendedLifetime([first, second]) {}
    }
    // Whoever ended holds nothing.
    _ = try SmallSweep.sweep(folder, shares[0])
    #expect(RunFolder.keeps("\(folder)/.lock-1-2"))
  }

  /// A quarter has cells of each half.
  @Test func sharesOfAnotherNumberAreRefused() throws {
    defer { scene.end() }
    let (half, quarter) = (try #require(CellShare("2/2")), try #require(CellShare("1/4")))
    do {
      let first = try SmallSweep.sweep(folder, half)
      let error = #expect(throws: RunError.self) { try SmallSweep.sweep(folder, quarter) }
      let text = try #require(error).description
      #expect(text.hasPrefix("Share 2/2 of '\(folder)' is under way in process "), "\(text)")
      #expect(text.contains("has cells of share 1/4 too"), "\(text)")
      withExtendedLifetime(first) {}
    }
    _ = try SmallSweep.sweep(folder, quarter)
  }
}
