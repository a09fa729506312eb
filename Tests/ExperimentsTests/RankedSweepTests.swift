import Compute
import Conformance
import Datasets
import Experiments
import Files
import Foundation
import ReferenceDevice
import Testing

/// Sweeps that several processes run together, or each for itself.
@Suite struct RankedSweepTests {
  private let folder = NSTemporaryDirectory() + "iwae-gpu-ranks-\(UUID().uuidString)"

  private static func grid() -> Grid {
    var base = RunConfiguration(
      data: "linear-gaussian", model: .burda1(dataSize: 6), passes: 1, validationSamples: 2,
      testSamples: 5, limit: 10)
    base.model.encoder = [.init(hidden: [4], latent: 2)]
    base.model.decoder = [.init(hidden: [4])]
    base.model.likelihood = .gaussian
    var grid = Grid(base: base)
    grid.sizes = [2, 3, 4].map { Grid.Size(groups: 1, samples: $0) }
    grid.seeds = [0, 1]
    return grid
  }

  private static func surroundings() -> CellRunner.Surroundings {
    .init(open: { ReferenceDevice() }, reference: ReferenceDevice())
  }

  /// The likelihoods of all cells, by name, as far as they are finished.
  private static func likelihoods(_ report: SweepReport) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: report.rows.flatMap(\.runs).compactMap { run in
        run.evaluation.map { (URL(fileURLWithPath: run.run).lastPathComponent, $0.nll) }
      })
  }

  private static func sweep(
    _ folder: String, _ shard: CellShare = .whole, _ ranks: any Ranks = OneProcess()
  ) throws -> Sweep {
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    var grid = grid()
    grid.base.model.dataSize = source.collection.training.width
    return try Sweep(grid, in: folder, images: source, shard: shard, ranks: ranks)
  }

  @Test(arguments: [2, 3, 8]) func ranksRunASweepTogether(count: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let alone = try Self.sweep("\(folder)/alone").run(in: Self.surroundings())
    #expect(alone.isWhole && alone.report.finished == 6)
    let together = "\(folder)/together"
    let found = try ThreadRanks.run(count) { ranks in
      var surroundings = Self.surroundings()
      var own: Set<String> = []
      surroundings.monitor = { progress in
        own.insert(progress.name)
        return true
      }
      let (report, isWhole) = try Self.sweep(together, .whole, ranks).run(in: surroundings)
      return (Self.likelihoods(report), isWhole, own)
    }
    let expected = Self.likelihoods(alone.report)
    #expect(expected.count == 6)
    #expect(found.map(\.0) == Array(repeating: expected, count: count))
    #expect(found.map(\.1) == Array(repeating: true, count: count))
    // Each cell is trained once, and nobody is idle who need not be.
    #expect(found.flatMap(\.2).count == 6 && Set(found.flatMap(\.2)).count == 6)
    #expect(found.count { !$0.2.isEmpty } == min(count, 6))
    #expect(FileManager.default.fileExists(atPath: "\(together)/results.json"))
  }

  @Test func shardsInOneFolderAreTogetherTheSweep() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let alone = try Self.sweep("\(folder)/alone").run(in: Self.surroundings())
    let shared = "\(folder)/shared"
    do {
      // Shards hold the folder together; whoever runs all cells holds it alone.
      let shards = try ["1/2", "2/2"].compactMap(CellShare.init).map { try Self.sweep(shared, $0) }
      #expect(throws: (any Error).self) { try Self.sweep(shared) }
      withExtendedLifetime(shards) {}
    }
    var finished: [Int] = []
    for text in ["1/3", "2/3", "3/3"] {
      let shard = try #require(CellShare(text))
      let (report, isWhole) = try Self.sweep(shared, shard).run(in: Self.surroundings())
      finished.append(report.finished)
      #expect(isWhole && !FileManager.default.fileExists(atPath: "\(shared)/results.json"))
    }
    #expect(finished == [2, 4, 6])
    let (report, isWhole) = try Self.sweep(shared).run(in: Self.surroundings())
    #expect(isWhole && Self.likelihoods(report) == Self.likelihoods(alone.report))
  }

  @Test func shardsOfOtherFoldersAreMerged() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let shards = ["\(folder)/a", "\(folder)/b"]
    for (index, name) in shards.enumerated() {
      let shard = try #require(CellShare("\(index + 1)/2"))
      _ = try Self.sweep(name, shard).run(in: Self.surroundings())
    }
    var notes: [String] = []
    let half = try Self.sweep("\(folder)/half").merge([shards[0]]) { notes.append($0) }
    #expect(!half.isWhole && half.report.finished == 3)
    #expect(notes.contains { $0.hasPrefix("3 cells of 6 are finished in none of the folders") })
    let whole = try Self.sweep("\(folder)/whole").merge(shards) { _ in }
    #expect(whole.isWhole && whole.report.finished == 6)
    let alone = try Self.sweep("\(folder)/alone").run(in: Self.surroundings())
    #expect(Self.likelihoods(whole.report) == Self.likelihoods(alone.report))
    #expect(FileManager.default.fileExists(atPath: "\(folder)/whole/results.json"))
  }

  @Test func sharesAreWrittenAsFractions() {
    for text in ["", "1", "0/2", "3/2", "1/0", "a/2", "1/2/3", "1/", "-1/2"] {
      #expect(CellShare(text) == nil, "\(text)")
    }
    #expect(CellShare("1/1") == .whole)
    #expect(CellShare("2/5")?.index == 1 && CellShare("2/5")?.count == 5)
  }
}
