import Compute
import Conformance
import Files
import Foundation
import OpenCLDevice
import Testing

@testable import Experiments

/// Sweeps that several processes run together, or each for itself.
@Suite struct RankedSweepTests {
  private let folder = NSTemporaryDirectory() + "iwae-gpu-ranks-\(UUID().uuidString)"

  @Test(arguments: [2, 3, 8]) func ranksRunASweepTogether(count: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let alone = try SmallSweep.sweep("\(folder)/alone").run(in: SmallSweep.surroundings())
    #expect(alone.isWhole && alone.report.finished == 6)
    let together = "\(folder)/together"
    let found = try ThreadRanks.run(count) { ranks in
      var surroundings = SmallSweep.surroundings()
      var own: Set<String> = []
      surroundings.monitor = { progress in
        own.insert(progress.name)
        return true
      }
      let (report, isWhole) = try SmallSweep.sweep(together, .whole, ranks).run(in: surroundings)
      return (SmallSweep.likelihoods(report), isWhole, own)
    }
    let expected = SmallSweep.likelihoods(alone.report)
    #expect(expected.count == 6)
    #expect(found.map(\.0) == Array(repeating: expected, count: count))
    #expect(found.map(\.1) == Array(repeating: true, count: count))
    // Each cell is trained once, and nobody is idle who need not be.
    #expect(found.flatMap(\.2).count == 6 && Set(found.flatMap(\.2)).count == 6)
    #expect(found.count { !$0.2.isEmpty } == min(count, 6))
    #expect(FileManager.default.fileExists(atPath: "\(together)/results.json"))
    // What is done is nobody's to avoid when it gets more passes.
    #expect(expected.keys.allSatisfy { !isTried($0, in: together) })
  }

  /// True if a cell's folder says who tried it.
  private func isTried(_ cell: String, in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(cell)/.rank")
  }

  /// Ranks hear from each other what cells came to: here files are gone before anybody could look.
  @Test func resultsAreTold() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder
    let found = try ThreadRanks.run(2) { ranks in
      var surroundings = SmallSweep.surroundings()
      var former: String?
      surroundings.monitor = { progress in
        if let name = former, name != progress.name, ranks.rank == 1 {
          try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        former = progress.name
        return true
      }
      let (report, isWhole) = try SmallSweep.sweep(path, .whole, ranks).run(in: surroundings)
      return (report.finished, report.failed, isWhole)
    }
    #expect(found.count == 2 && found.allSatisfy { $0.0 == 6 && $0.1 == 0 && $0.2 })
    let names = try FileCalls.names(in: path).filter { $0.hasPrefix("iwae-") }
    #expect(names.count == 4, "\(names)")
  }

  /// Two cells fail at each start: all ranks hear of it, and it was another one each time that tried.
  @Test(arguments: [2, 3]) func whatFailsIsAnotherRanksNext(count: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder
    _ = try SmallSweep.sweep(path).run(in: SmallSweep.surroundings())
    let bad = ["iwae-k2-seed0", "iwae-k4-seed1"]
    for name in bad {
      try Files.write(Data("no checkpoint".utf8), to: "\(path)/\(name)/checkpoint.safetensors")
    }
    var takers: [[Int?]] = []
    for _ in 1...4 {
      let found = try ThreadRanks.run(count) { ranks in
        var surroundings = SmallSweep.surroundings()
        var failed: [String] = []
        surroundings.note = { text in failed += bad.filter { text.hasPrefix("\($0) failed") } }
        let (report, isWhole) = try SmallSweep.sweep(path, .whole, ranks).run(in: surroundings)
        return (failed, isWhole && report.finished == 4 && report.failed == 2)
      }
      #expect(found.allSatisfy { $0.1 })
      #expect(found.flatMap(\.0).sorted() == bad)
      takers.append(bad.map { name in found.firstIndex { $0.0.contains(name) } })
    }
    for (one, next) in zip(takers, takers.dropFirst()) {
      #expect(zip(one, next).allSatisfy { $0 != $1 }, "\(takers)")
    }
    #expect(bad.allSatisfy { isTried($0, in: path) })
  }

  /// A rank that stops in the middle of a cell leaves there what one leaves that dies.
  @Test func whatARankLeftIsAnothersNext() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder
    func start(stopping: Int?) throws -> [[String]] {
      try ThreadRanks.run(2) { ranks in
        var surroundings = SmallSweep.surroundings()
        var names: [String] = []
        surroundings.monitor = { progress in
          if names.last != progress.name { names.append(progress.name) }
          return ranks.rank != stopping
        }
        _ = try SmallSweep.sweep(path, .whole, ranks).run(in: surroundings)
        return names
      }
    }
    let left = try start(stopping: 1)
    #expect(left.map(\.count) == [3, 1])
    let next = try start(stopping: nil)
    #expect(next[0].contains(left[1][0]), "\(left), then \(next)")
    #expect(next.map(\.count).reduce(0, +) == 3)
    #expect(left.joined().allSatisfy { !isTried($0, in: path) })
    let (report, isWhole) = try SmallSweep.sweep(path).run(in: SmallSweep.surroundings())
    #expect(isWhole && report.finished == 6)
  }

  /// A cell is one rank's, and says with which device it was made.
  @Test func cellsMayBeMadeWithDevicesOfTwoKinds() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder
    let found = try ThreadRanks.run(2) { ranks in
      var surroundings = SmallSweep.surroundings()
      if ranks.rank == 1 { surroundings.open = { try OpenCLDevice.open() } }
      let (report, isWhole) = try SmallSweep.sweep(path, .whole, ranks).run(in: surroundings)
      let evaluations = report.rows.flatMap(\.runs).compactMap(\.evaluation)
      return (isWhole, evaluations.map(\.backend).sorted())
    }
    #expect(found.count == 2)
    for (isWhole, backends) in found {
      #expect(isWhole && backends == ["cpu", "cpu", "cpu", "opencl", "opencl", "opencl"])
    }
  }

  @Test func shardsInOneFolderAreTogetherTheSweep() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let alone = try SmallSweep.sweep("\(folder)/alone").run(in: SmallSweep.surroundings())
    let shared = "\(folder)/shared"
    do {
      // Shards hold the folder together; whoever runs all cells holds it alone.
      let shards = try ["1/2", "2/2"].compactMap(CellShare.init).map {
        try SmallSweep.sweep(shared, $0)
      }
      #expect(throws: (any Error).self) { try SmallSweep.sweep(shared) }
      withExtendedLifetime(shards) {}
    }
    var finished: [Int] = []
    for text in ["1/3", "2/3", "3/3"] {
      let shard = try #require(CellShare(text))
      let (report, isWhole) = try SmallSweep.sweep(shared, shard).run(in: SmallSweep.surroundings())
      finished.append(report.finished)
      #expect(isWhole && !FileManager.default.fileExists(atPath: "\(shared)/results.json"))
    }
    #expect(finished == [2, 4, 6])
    let (report, isWhole) = try SmallSweep.sweep(shared).run(in: SmallSweep.surroundings())
    #expect(isWhole && SmallSweep.likelihoods(report) == SmallSweep.likelihoods(alone.report))
  }

  @Test func shardsOfOtherFoldersAreMerged() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let shards = ["\(folder)/a", "\(folder)/b"]
    for (index, name) in shards.enumerated() {
      let shard = try #require(CellShare("\(index + 1)/2"))
      _ = try SmallSweep.sweep(name, shard).run(in: SmallSweep.surroundings())
    }
    var notes: [String] = []
    let half = try SmallSweep.sweep("\(folder)/half").merge([shards[0]]) { notes.append($0) }
    #expect(!half.isWhole && half.report.finished == 3)
    #expect(notes.contains { $0.hasPrefix("3 cells of 6 are finished in none of the folders") })
    let whole = try SmallSweep.sweep("\(folder)/whole").merge(shards) { _ in }
    #expect(whole.isWhole && whole.report.finished == 6)
    let alone = try SmallSweep.sweep("\(folder)/alone").run(in: SmallSweep.surroundings())
    #expect(SmallSweep.likelihoods(whole.report) == SmallSweep.likelihoods(alone.report))
    #expect(FileManager.default.fileExists(atPath: "\(folder)/whole/results.json"))
  }

  /// The cells of each of some shares.
  private func shares(
    _ count: Int, of work: [Double], triedBy former: [Int: Int] = [:]
  ) -> [Set<Int>] {
    (0..<count).map { CellShare($0, of: count).own(of: work, triedBy: former) }
  }

  /// Each cell is in one share; no share has nothing to do because it tried all that is left.
  @Test func sharesAreEvenWhateverWasTried() {
    let even = [Double](repeating: 3, count: 4)
    let formers: [[Int: Int]] = [
      [:], [0: 1, 1: 1, 2: 1, 3: 1], [0: 1, 1: 1], [0: 0, 1: 0, 2: 1, 3: 1],
    ]
    for former in formers {
      let shares = shares(2, of: even, triedBy: former)
      #expect(shares.map(\.count) == [2, 2], "\(former): \(shares)")
      #expect(Set(shares.joined()).count == 4)
    }
    // A third of three parts each, whose sum is rounded.
    let thirds = shares(3, of: [0.1, 0.1, 0.1], triedBy: [0: 0, 1: 0, 2: 0])
    #expect(thirds.map(\.count) == [1, 1, 1], "\(thirds)")
    // A share of a run with more ranks is nobody's.
    #expect(shares(2, of: even, triedBy: [0: 7, 1: 7]).map(\.count) == [2, 2])
    #expect(shares(1, of: even, triedBy: [0: 0, 2: 0])[0].count == 4)
  }

  /// As far as that goes, what was tried is another's, be it large or small.
  @Test func whatWasTriedIsAnothers() {
    let work: [Double] = [9, 7, 5, 1]
    for cell in work.indices {
      for share in 0..<2 {
        let shares = shares(2, of: work, triedBy: [cell: share])
        #expect(!shares[share].contains(cell), "\(cell), tried by \(share): \(shares)")
        let loads = shares.map { $0.reduce(0) { $0 + work[$1] } }
        #expect(loads.reduce(0, +) == 22 && loads.allSatisfy { $0 >= 9 }, "\(shares)")
      }
    }
    // It is worth an idle share, and exchanged where both tried one.
    let (one, both): ([Set<Int>], [Set<Int>]) = ([[], [0]], [[1], [0]])
    #expect(shares(2, of: [4], triedBy: [0: 0]) == one)
    #expect(shares(2, of: [4, 2], triedBy: [0: 0, 1: 1]) == both)
  }

  @Test func sharesAreWrittenAsFractions() {
    for text in ["", "1", "0/2", "3/2", "1/0", "a/2", "1/2/3", "1/", "-1/2"] {
      #expect(CellShare(text) == nil, "\(text)")
    }
    #expect(CellShare("1/1") == .whole)
    #expect(CellShare("2/5")?.index == 1 && CellShare("2/5")?.count == 5)
  }
}
