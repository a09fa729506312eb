import Compute
import Datasets
import Experiments
import Foundation
import IWAE
import ReferenceDevice

/// A sweep of six cells that take no time: three numbers of samples, with two seeds.
enum SmallSweep {
  private static func grid(passes: Int) -> Grid {
    var base = RunConfiguration(
      data: "linear-gaussian", model: .burda1(dataSize: 6), passes: passes, validationSamples: 2,
      testSamples: 5, limit: 10)
    base.model.encoder = [.init(hidden: [4], latent: 2)]
    base.model.decoder = [.init(hidden: [4])]
    base.model.likelihood = .gaussian
    var grid = Grid(base: base)
    grid.sizes = [2, 3, 4].map { Grid.Size(groups: 1, samples: $0) }
    grid.seeds = [0, 1]
    return grid
  }

  static func surroundings() -> CellRunner.Surroundings {
    .init(open: { ReferenceDevice() }, reference: ReferenceDevice())
  }

  /// The likelihoods of all cells, by name, as far as they are finished.
  static func likelihoods(_ report: SweepReport) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: report.rows.flatMap(\.runs).compactMap { run in
        run.evaluation.map { (URL(fileURLWithPath: run.run).lastPathComponent, $0.nll) }
      })
  }

  static func sweep(
    _ folder: String, _ shard: CellShare = .whole, _ ranks: any Ranks = OneProcess(),
    passes: Int = 1
  ) throws -> Sweep {
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    var grid = grid(passes: passes)
    grid.base.model.dataSize = source.collection.training.width
    return try Sweep(grid, in: folder, images: source, shard: shard, ranks: ranks)
  }
}
