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

  /// Takes hold of the folder, as long as the sweep exists, and keeps the grid there. What is there is gone on with if the grid
  /// only adds to it.
  public init(_ grid: Grid, in folder: String, images: DataSource) throws {
    (self.folder, self.grid) = (folder, grid)
    if let problem = grid.problem { throw ConfigurationError(sentence(problem)) }
    (settings, leftOut) = grid.settings()
    runner = try CellRunner(folder, images: RunImages(images, for: grid.base))
    try keep()
  }

  /// Runs what is not finished.
  ///
  /// - Returns: The results of all cells, and true if nothing was left when the monitor stopped.
  public func run(
    in surroundings: CellRunner.Surroundings
  ) throws -> (report: SweepReport, isWhole: Bool) {
    let trained = grid.trained(for: settings)
    let rows = trained.map { setting in
      grid.seeds.map {
        Cell(name: "\(grid.name(of: setting))-seed\($0)", configuration: setting.seeded($0))
      }
    }
    var cells: [Cell] = []
    for cell in rows.joined() where !cells.contains(where: { $0.name == cell.name }) {
      cells.append(cell)
    }
    for reason in leftOut { surroundings.note("Left out: \(reason).") }
    for (setting, one) in zip(settings, trained) where setting != one {
      surroundings.note("\(grid.name(of: setting)) is \(grid.name(of: one)): one run is both.")
    }
    for note in runner.images.source.collection.notes {
      surroundings.note("Note: \(sentence(note))")
    }
    let isWhole = try runner.run(cells, in: surroundings)
    var report = SweepReport(
      folder: folder, leftOut: leftOut,
      rows: zip(settings, rows).map { setting, cells in
        SweepReport.Row(
          setting, of: grid, cells.compactMap { runner.results[$0.name] }, planned: cells.count)
      })
    try report.drawFigures()
    try Files.write(try JSONText.data(report), to: "\(folder)/results.json")
    return (report, isWhole)
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
