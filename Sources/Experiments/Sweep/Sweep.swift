import Compute
import Files
import Foundation
import IWAE

/// A grid of runs in a folder: begun, gone on with, or only told of what it came to.
public final class Sweep {
  public let folder: String
  public let grid: Grid
  private let settings: [RunConfiguration]
  private let leftOut: [String]
  private let runner: CellRunner
  private let shard: CellShare
  private let isFirst: Bool

  /// Takes hold of the folder, as long as the sweep exists, and keeps the grid there. What is there is gone on with if the grid
  /// only adds to it.
  ///
  /// - Parameters:
  ///   - grid: The runs.
  ///   - folder: The folder.
  ///   - images: Their images.
  ///   - shard: The cells that this process is to run, where others, which know nothing of it, run others.
  ///   - ranks: Processes that run the sweep together.
  public init(
    _ grid: Grid, in folder: String, images: DataSource, shard: CellShare = .whole,
    ranks: any Ranks = Launch.ranks
  ) throws {
    (self.folder, self.grid) = (folder, grid)
    if let problem = grid.problem { throw ConfigurationError(sentence(problem)) }
    (settings, leftOut) = grid.settings()
    runner = try CellRunner(
      folder, images: RunImages(images, for: grid.base), shard: shard, ranks: ranks)
    (self.shard, isFirst) = (shard, ranks.isFirst)
    if isFirst { try keep() }
  }

  /// Runs what is not finished.
  ///
  /// - Returns: The results of all cells, and true if nothing was left when the monitor stopped.
  public func run(
    in surroundings: CellRunner.Surroundings
  ) throws -> (report: SweepReport, isWhole: Bool) {
    tellOfCells(surroundings.note)
    let isWhole = try runner.run(cells, in: surroundings)
    return (try report(), isWhole)
  }

  /// Takes over the finished cells of sweeps in other folders, and runs nothing.
  ///
  /// - Parameters:
  ///   - folders: Folders of shards: sweeps of a grid of which this one has every cell.
  ///   - note: Told what is worth a line that stays.
  /// - Returns: The results of all cells, and true if all are finished.
  public func merge(
    _ folders: [String], note: (String) -> Void
  ) throws -> (report: SweepReport, isWhole: Bool) {
    // Whoever runs a sweep there alone is not in the middle of a cell.
    let locks = try folders.map { try FolderLock($0, isShared: true) }
    defer { withExtendedLifetime(locks) {} }
    for other in folders {
      if let problem = grid.problem(goingOnWith: try Self.stored(in: other)) {
        throw ConfigurationError("'\(other)' holds another sweep: \(problem).")
      }
    }
    tellOfCells(note)
    var missing: [Cell] = []
    for cell in try runner.unfinished(cells) {
      guard let other = runner.finished(cell, in: folders) else {
        missing.append(cell)
        continue
      }
      if try !runner.take(other, as: cell) {
        let found =
          runner.isTrained(cell)
          ? "a run that was not tested as the sweep asks" : "the beginning of a run"
        note(
          "'\(runner.path(cell))' holds \(found), and '\(other)', which is finished, was not taken over. "
            + "Take the former away and merge again, or go on with the sweep.")
      }
    }
    if !missing.isEmpty {
      note(
        "\(counted(missing.count, "cell")) of \(cells.count) are finished in none of the folders, the "
          + "first of them \(missing[0].name).")
    }
    let left = try runner.unfinished(cells)
    return (try report(), left.isEmpty)
  }

  /// The cells of each setting.
  private var rows: [[Cell]] {
    grid.trained(for: settings).map { setting in
      grid.seeds.map {
        Cell(name: "\(grid.name(of: setting))-seed\($0)", configuration: setting.seeded($0))
      }
    }
  }

  /// Every cell once.
  private var cells: [Cell] {
    var cells: [Cell] = []
    for cell in rows.joined() where !cells.contains(where: { $0.name == cell.name }) {
      cells.append(cell)
    }
    return cells
  }

  private func tellOfCells(_ note: (String) -> Void) {
    for reason in leftOut { note("Left out: \(reason).") }
    for (setting, one) in zip(settings, grid.trained(for: settings)) where setting != one {
      note("\(grid.name(of: setting)) is \(grid.name(of: one)): one run is both.")
    }
    for remark in runner.images.source.collection.notes { note("Note: \(sentence(remark))") }
  }

  /// The results so far, which the folder keeps where all of them are known.
  private func report() throws -> SweepReport {
    var report = SweepReport(
      folder: folder, leftOut: leftOut,
      rows: zip(settings, rows).map { setting, cells in
        SweepReport.Row(
          setting, of: grid, cells.compactMap { runner.results[$0.name] }, planned: cells.count)
      })
    // What other shards came to this one does not know.
    if isFirst, shard == .whole {
      try report.drawFigures()
      try Files.write(try JSONText.data(report), to: "\(folder)/results.json")
    }
    return report
  }

  private static func file(_ folder: String) -> String { "\(folder)/sweep.json" }

  /// The grid that a folder keeps.
  public static func stored(in folder: String) throws -> Grid {
    let file = file(folder)
    let grid: Grid
    do {
      grid = try JSONDecoder().decode(
        Grid.self, from: try Files.read(file, atMost: Files.mostOfJSON))
    } catch let error as DecodingError {
      throw FormatError(file: file, problem: FormatError.words(error))
    }
    if let problem = grid.problem { throw ConfigurationError(problem).inFile(file) }
    return grid
  }

  /// Writes the grid, unless another one is there that it does not only add to.
  private func keep() throws {
    let file = Self.file(folder)
    if FileManager.default.fileExists(atPath: file),
      let problem = grid.problem(goingOnWith: try Self.stored(in: folder))
    {
      throw ConfigurationError(
        "There is another sweep in '\(folder)': \(problem). Give its values and more, or choose "
          + "another folder.")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Files.write(try encoder.encode(grid) + Data("\n".utf8), to: file)
  }
}
