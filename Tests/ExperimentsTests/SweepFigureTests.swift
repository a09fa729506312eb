import Artifacts
import Experiments
import Files
import Foundation
import Report
import Testing

/// The heat maps of a sweep.
@Suite struct SweepFigureTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-maps-\(UUID())").path

  private func report(_ change: (inout Grid) -> Void) -> SweepReport {
    var grid = Grid(base: RunConfiguration())
    grid.sizes = [2, 4, 8].map { Grid.Size(groups: 1, samples: $0) }
    change(&grid)
    let rows = grid.settings().settings.enumerated().map { index, setting in
      var row = SweepReport.Row(setting, of: grid, [], planned: 1)
      row.nll = 90 + Double(index)
      return row
    }
    return SweepReport(folder: folder, leftOut: [], rows: rows)
  }

  /// Draws, and checks that every figure has files of its own.
  private func draw(_ change: (inout Grid) -> Void) throws -> [Figure] {
    var report = report(change)
    try report.drawFigures()
    let drawn = try FigureFolder(run: folder).read()
    #expect(Set(report.figures).count == report.figures.count, "\(report.figures)")
    #expect(drawn.count == report.figures.count)
    #expect(Set(report.figures) == Set(drawn.map(FigureFolder(run: folder).picture)))
    return drawn
  }

  private func shape(_ figure: Figure) -> [Int] {
    guard case .heat(let map) = figure.content else { return [] }
    #expect(map.values.allSatisfy { $0.count == map.columns.count })
    return [map.values.count, map.columns.count, map.values.joined().count { $0 != nil }]
  }

  @Test func whatASettingLacksDoesNotVary() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let two = try draw { $0.objectives = ["iwae", "ciwae"] }
    #expect(two.map(\.name) == ["nll"] && shape(two[0]) == [2, 3, 6])
    let three = try draw { $0.objectives = ["iwae", "ciwae", "renyi"] }
    #expect(three.map(\.name) == ["nll"] && shape(three[0]) == [3, 3, 9])
  }

  @Test func everyFigureHasItsOwnName() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // A share and an order of the same number are not the same.
    let figures = try draw {
      $0.objectives = ["iwae", "ciwae", "renyi"]
      ($0.betas, $0.alphas) = ([0.5, 0.25], [0.5, 0.25])
    }
    #expect(
      figures.map(\.name) == [
        "nll", "nll-alpha0.25", "nll-alpha0.5", "nll-beta0.25", "nll-beta0.5",
      ])
    #expect(figures[3].title.hasSuffix(", beta 0.25"))
    for figure in figures { #expect(shape(figure) == [1, 3, 3]) }
    let estimators = try draw {
      $0.objectives = ["piwae", "miwae", "ciwae"]
      $0.estimators = [.standard, .dreg]
      $0.sizes = [(1, 4), (2, 2), (4, 1)].map { Grid.Size(groups: $0, samples: $1) }
      $0.betas = [0.5, 0.25]
    }
    #expect(estimators.count == 8)
    // Where shares are an axis, those without one stand beside them.
    let shares = try draw {
      $0.objectives = ["iwae", "ciwae"]
      $0.betas = [0.1, 0.2, 0.3]
      $0.sizes = [Grid.Size(groups: 1, samples: 4)]
    }
    #expect(shares.count == 1 && shape(shares[0]) == [2, 4, 4])
  }

  @Test func onlyTheSweepsOwnFiguresAreReplaced() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try draw {
      $0.objectives = ["iwae"]
      $0.estimators = [.standard, .dreg]
    }
    let figures = FigureFolder(run: folder)
    let heat = try #require(try figures.read().first).content
    try figures.write(Figure(name: "bounds", title: "", summary: "", content: heat))
    try figures.write(Figure(name: "nll-old", title: "", summary: "", content: heat))
    for name in ["thesis.svg", "nll-notes.svg", "nll-mine.json", "nll-own.json", "nll-own.svg"] {
      try Files.write(Data("{}".utf8), to: "\(figures.path)/\(name)")
    }
    var report = report { $0.objectives = ["iwae", "ciwae"] }
    try report.drawFigures()
    let left = try FileManager.default.contentsOfDirectory(atPath: figures.path).sorted()
    #expect(
      left == [
        "bounds.json", "bounds.svg", "nll-mine.json", "nll-notes.svg", "nll-own.json",
        "nll-own.svg", "nll.json", "nll.svg", "thesis.svg",
      ])
  }
}
