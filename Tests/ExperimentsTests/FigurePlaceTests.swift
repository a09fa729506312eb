import Experiments
import Files
import Foundation
import Report
import Testing

/// The files that figures are put in.
@Suite struct FigurePlaceTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-places-\(UUID())").path

  private func figure(_ name: String) -> Figure {
    Figure(
      name: name, title: name, summary: "",
      content: .lines(.init(xLabel: "x", yLabel: "y", curves: [.init("c", [.init(x: 1, y: 1)])])))
  }

  private func start(_ file: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)).prefix(4), as: UTF8.self)
  }

  @Test func theEndingSaysTheFormat() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let alone = try FigurePlace("\(folder)/one.pdf").put(figure("a"), isAlone: true)
    #expect(alone == "\(folder)/one.pdf")
    #expect(try start("\(folder)/one.pdf") == "%PDF")
    let several = try FigurePlace("\(folder)/some.svg").put(figure("a"), isAlone: false)
    #expect(several == "\(folder)/some-a.svg")
    #expect(try start("\(folder)/some-a.svg") == "<svg")
    let said = try FigurePlace("\(folder)/a.svg").put(figure("a-b"), isAlone: false)
    #expect(said == "\(folder)/a-b.svg")
    let kept = try FigurePlace("\(folder)/v1.0").put(figure("a"), isAlone: true)
    #expect(kept == "\(folder)/v1.0/a.svg")
    #expect(try FigureFolder("\(folder)/v1.0").read() == [figure("a")])
    #expect(try FigurePlace.nowhere.put(figure("a"), isAlone: true) == nil)
    #expect(
      try FigurePlace.file("\(folder)/b.png").put(figure("a"), isAlone: true) == "\(folder)/b.png")
    #expect(try start("\(folder)/b.png").hasSuffix("PNG"))
  }

  /// As a version that drew it as pixels left it.
  @Test func aPictureOfTheOtherEndingGoes() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let figures = FigureFolder(folder)
    try figures.write(figure("b"))
    for name in ["a.png", "a.pdf"] {
      try Data("old".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    try figures.write(figure("a"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["a.json", "a.pdf", "a.svg", "b.json", "b.svg"])
  }

  @Test(arguments: ["a.jpg", "b/c.EPS", "x.tiff"]) func otherPicturesAreRefused(_ name: String)
    throws
  {
    let error = #expect(throws: ConfigurationError.self) { try FigurePlace(name) }
    #expect("\(try #require(error))".contains(".svg, .pdf or .png"))
    #expect(throws: FileAccessError.self) { try figure("a").write(to: name) }
    #expect(!FileManager.default.fileExists(atPath: name))
  }

  @Test(arguments: [".svg", "a/.PDF"]) func endingsAloneAreRefused(_ name: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try FigurePlace(name) }
    #expect("\(try #require(error))".contains("needs a name before"))
  }

  @Test func figuresOfASweepAreCopied() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var grid = Grid(base: RunConfiguration())
    grid.sizes = [2, 4].map { Grid.Size(groups: 1, samples: $0) }
    grid.objectives = ["iwae", "vae"]
    let rows = grid.settings().settings.map { setting in
      var row = SweepReport.Row(setting, of: grid, [], planned: 1)
      row.nll = 90
      return row
    }
    var report = SweepReport(folder: folder, leftOut: [], rows: rows)
    try report.drawFigures()
    #expect(report.figures.count == 1)
    // What else is in the folder is nobody's business.
    try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder)/figures/foreign.json"))
    report.listFigures(in: .nowhere)
    try report.copyFigures(to: .nowhere)
    #expect(report.figures.count == 1)
    let place = try FigurePlace("\(folder)/nll.pdf")
    report.listFigures(in: place)
    try report.copyFigures(to: place)
    #expect(report.figures.count == 2 && report.figures[1] == "\(folder)/nll.pdf")
    #expect(try start("\(folder)/nll.pdf") == "%PDF")
  }
}
