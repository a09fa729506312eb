import Artifacts
import Files
import Foundation
import Testing

@testable import Report

@Suite struct FigureTests {
  @Test(arguments: Figures.all) func picturesAreWellFormedAndSayWhatTheyShow(_ figure: Figure) {
    for text in [figure.svg, figure.drawing.part(label: figure.summary)] {
      let document = Document(text)
      #expect(document.problem == nil)
      let root = document.elements[0]
      #expect(root.name == "svg" && root.attributes["role"] == "img")
      // Nothing that could clash with another picture, and nothing from elsewhere.
      for (_, attributes) in document.elements {
        #expect(attributes["id"] == nil)
        #expect(attributes["href"]?.hasPrefix("data:") != false)
      }
    }
    let document = Document(figure.svg)
    let readable = hostile.replacingOccurrences(of: "\u{1}", with: "\u{fffd}")
    let title = figure.title.replacingOccurrences(of: hostile, with: readable)
    #expect(document.text("title") == title)
    #expect(document.text("desc")?.hasPrefix(figure.summary.prefix(5)) == true)
    #expect(document.text("style")?.contains("prefers-color-scheme: dark") == true)
  }

  @Test(arguments: Figures.all) func remarksAreDrawn(_ figure: Figure) {
    var figure = figure
    figure.remark = "Not to be trusted."
    let document = Document(figure.svg)
    #expect(document.texts.contains("Not to be trusted."))
    #expect(document.text("desc")?.hasSuffix(" Not to be trusted.") == true)
    #expect(FigureElement(figure).html.contains(" Not to be trusted.</p>"))
  }

  @Test func everySeriesIsDrawnInAWayOfItsOwn() {
    let document = Document(Figures.lines.svg)
    let series = document.elements.compactMap { $0.attributes["data-series"] }.compactMap {
      Int($0)
    }
    #expect(series.sorted() == Array(0...13))
    for curve in 0..<13 {
      #expect(document.texts.contains { $0.hasPrefix("curve \(curve) <b>&") })
    }
    // Colour, dash and marker together differ for as many series as the palette promises.
    let styles = (0..<24).map { Palette.Style($0) }
    #expect(Set(styles.map { "\($0.color) \($0.dash) \($0.marker)" }).count == 24)
    // In grey, dash and marker are all there is.
    #expect(Set(styles.map { "\($0.dash) \($0.marker)" }).count == 24)
    #expect(Palette.light.series.count == Palette.dark.series.count)
  }

  @Test func whatHasNoPlaceIsLeftOut() {
    let points: [LinePlot.Point] = [
      .init(x: 0, y: 1), .init(x: -1, y: 1), .init(x: 1, y: .nan), .init(x: .infinity, y: 1),
      .init(x: 2, y: 3), .init(x: 3, y: 1e308), .init(x: 4, y: 1, error: .infinity),
    ]
    let plot = LinePlot(xLabel: "x", yLabel: "y", curves: [.init("c", points)])
    #expect(plot.drawing().marks[0].map(\.text) == ["x 2: 3"])
    var linear = plot
    linear.xIsLogarithmic = false
    #expect(linear.drawing().marks[0].count == 3)
    #expect(plot.table.rows.count == 7)
  }

  @Test(arguments: [
    Figure.Content.lines(.init(xLabel: "", yLabel: "", curves: [])),
    .lines(.init(xLabel: "", yLabel: "", curves: [.init("", [.init(x: .nan, y: .nan)])])),
    .bars(.init(xLabel: "", yLabel: "", groups: [])),
    .bars(.init(xLabel: "", yLabel: "", groups: [.init(name: "", values: [])])),
    .scatter(.init(xLabel: "", yLabel: "", series: [])),
    .heat(.init(xLabel: "", yLabel: "", valueLabel: "", columns: [], rows: [], values: [[1]])),
    .heat(.init(xLabel: "", yLabel: "", valueLabel: "", columns: ["a"], rows: ["b"], values: [])),
    .picture(.init(png: Data(), width: 0, height: -1)),
    .panels(.init(xLabel: "", yLabel: "", columns: ["a"], rows: [[], []])),
  ])
  func emptyFiguresSaySo(_ content: Figure.Content) {
    let document = Document(Figure(name: "e", title: "", summary: "", content: content).svg)
    #expect(document.problem == nil)
    #expect(document.text("text") == "" && document.texts.contains("There is nothing to show."))
  }

  @Test(arguments: [0.0, 1, -85.2, 1e-300, 1e140, -1e140, 123_456_789])
  func aSingleValueIsDrawn(_ value: Double) {
    for isLogarithmic in [false, true] {
      let plot = LinePlot(
        xLabel: "x", yLabel: "y", xIsLogarithmic: isLogarithmic, yIsLogarithmic: isLogarithmic,
        curves: [.init("c", [.init(x: abs(value) + 1e-9, y: value)])])
      let drawing = plot.drawing()
      #expect(Document(drawing.part(label: "")).problem == nil)
      #expect(
        !drawing.part(label: "").contains("nan") && !drawing.part(label: "").contains("inf"))
    }
  }

  @Test func valuesTooCloseForTicksAreDrawn() {
    for high in [Double.leastNonzeroMagnitude, .leastNormalMagnitude / 8, 1e-301] {
      let values = [0, high]
      let lines = LinePlot(
        xLabel: "x", yLabel: "y", xIsLogarithmic: false,
        curves: [.init("c", values.map { .init(x: $0, y: $0) })])
      let bars = BarPlot(xLabel: "x", yLabel: "y", groups: [.init(name: "g", values: values)])
      for drawing in [lines.drawing(), bars.drawing()] {
        #expect(Document(drawing.part(label: "")).problem == nil)
      }
    }
  }

  @Test func longCurvesKeepTheirEnds() {
    var points = (1...10_000).map { LinePlot.Point(x: Double($0), y: sin(Double($0))) }
    points[4321].y = 50
    points[1234].y = -50
    let drawing = LinePlot(xLabel: "x", yLabel: "y", curves: [.init("c", points)]).drawing()
    #expect(drawing.notes.count == 1)
    let marks = drawing.marks[0]
    #expect(marks.count <= 600)
    #expect(
      marks.contains { $0.text == "x 4322: 50" } && marks.contains { $0.text == "x 1235: -50" })
    #expect(marks.map(\.x) == marks.map(\.x).sorted())
  }

  @Test func ticksAreRoundAndFew() {
    func texts(_ values: [Double], _ isLogarithmic: Bool) -> [String] {
      Scale(values, isLogarithmic: isLogarithmic, from: 0, to: 100).ticks.map(\.text)
    }
    #expect(texts([1, 5000], true) == ["1", "10", "100", "1000"])
    #expect(texts([1, 20], true) == ["1", "2", "5", "10", "20"])
    // Short axes have ticks near both ends.
    #expect(texts([1, 2, 4], true) == ["1", "2", "4"])
    #expect(texts([1, 3], true) == ["1", "2", "3"])
    #expect(texts([1, 8], true) == ["1", "2", "4", "8"])
    #expect(texts([1, 64], true) == ["1", "2", "5", "10", "20", "50"])
    #expect(texts([2000, 7000], true).last == "7000")
    #expect(texts([0, 1], false) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(texts([-90.1, -88.3], false).contains("-89.5"))
    #expect(texts([3, 3.2], true).count >= 3)
    let hard: [[Double]] = [
      [1e-12, 1e12], [5, 5], [0, 0], [1e9, 1e9 + 1], [-1e140, 1e140], [2, 2.0000001],
    ]
    for values in hard {
      for isLogarithmic in [false, true] {
        let ticks = texts(values, isLogarithmic)
        #expect(ticks.count <= 12 && Set(ticks).count == ticks.count, "\(values) \(ticks)")
      }
    }
  }

  @Test(arguments: [0, 1, 8], [1e-9, 1, 123_456, 1e99])
  func equalAxesHaveOneUnit(_ tries: Int, _ size: Double) {
    let points = [(0.0, 0.0), (3, 1), (7, -1)].map { ScatterPlot.Point(x: $0 * size, y: $1) }
    let plot = ScatterPlot(xLabel: "x", yLabel: "y", series: [], hasEqualAxes: true)
    let (frame, x) = plot.equalAxes(points, tries: tries)
    #expect(frame.bottom > 400)
    let (along, upwards) = (
      (x.high - x.low) / frame.span, (frame.y.high - frame.y.low) / (frame.bottom - frame.top)
    )
    #expect(abs(along / upwards - 1) < 1e-6)
    #expect(x.low < 0 && x.high > 7 * size && frame.y.low < -1 && frame.y.high > 1)
  }

  @Test func tablesHoldTheNumbers() {
    #expect(
      Figures.heat.table.csv
        == "M \\ K,1,8,64\r\n1,90,88.5,87\r\n\"8, \"\"eight\"\"\",,88,\r\n")
    let table = Figures.bars.table
    #expect(table.columns == ["unit", "first", "second"])
    #expect(table.csv == "unit,first,second\r\n0,0.5,0.3\r\n1,0.001,-0.1\r\n2,nan,\r\n3,0.2,\r\n")
    let lines = LinePlot(
      xLabel: "k", yLabel: "y",
      curves: [
        .init("a\r\nb", [.init(x: 2, y: 1.0 / 3), .init(x: 1, y: 2), .init(x: 2, y: 7)]),
        .init("c", [.init(x: 2, y: 5, error: 0.5)]),
      ], levels: [.init(name: "l", y: -1)])
    #expect(
      lines.table.csv
        == "k,\"a\r\nb\",c,\"c, error\",l\r\n1,2,,,-1\r\n2,0.3333333333333333,5,0.5,-1\r\n"
        + "2,7,,,-1\r\n")
    #expect(FigureTable.Cell.number(-86.324_123_4).rounded == "-86.3241")
    #expect(FigureTable.Cell.number(1.5e-7).rounded == "1.5e-7")
    #expect(Numbers.fixed(-0.0001, decimals: 2) == "0.00")
  }
}

@Suite struct FigureFolderTests {
  private let folder = FigureFolder(
    run: FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-figures-\(UUID())").path)

  @Test func figuresComeBackAsTheyWere() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    #expect(try folder.read().isEmpty)
    for figure in Figures.all.reversed() { try folder.write(figure) }
    let found = try folder.read()
    #expect(found.map(\.name) == ["bars", "heat", "lines", "panels", "picture", "scatter"])
    for figure in found {
      // Not a number is not equal to itself, but its picture is the same.
      let original = try #require(Figures.all.first { $0.name == figure.name })
      #expect(figure.svg == original.svg && figure.table.csv == original.table.csv)
      let picture = try Data(contentsOf: URL(fileURLWithPath: folder.picture(of: figure)))
      #expect(picture == figure.pictureData)
      #expect(folder.picture(of: figure).hasSuffix(figure.name == "picture" ? ".png" : ".svg"))
    }
  }

  @Test func damagedFilesAreNamed() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try folder.write(Figures.heat)
    let file = "\(folder.path)/heat.json"
    let good = try Data(contentsOf: URL(fileURLWithPath: file))
    for bad in [
      Data(), good.dropLast(5), Data("[]".utf8), Data("{}".utf8),
      Data(#"{"name":"x","title":"","summary":"","content":{}}"#.utf8),
      Data(#"{"name":"x","title":"","summary":"","content":{"pie":{}}}"#.utf8),
      picture(height: "9000000000000000000"), picture(height: "-1"), picture(height: "1e300"),
    ] {
      try bad.write(to: URL(fileURLWithPath: file))
      let error = #expect(throws: FormatError.self) { try folder.read() }
      #expect(error?.file == file)
    }
  }

  @Test func whatCannotBeReadIsNamedOnce() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let file = "\(folder.path)/heat.json"
    try FileCalls.makeFolder(file)
    let error = #expect(throws: FileAccessError.self) { try folder.read() }
    #expect(error?.description == "'\(file)' could not be read: Is a directory.")
  }

  private func picture(height: String) -> Data {
    Data(
      """
      {"name":"x","title":"","summary":"","content":{"picture":{"png":"","width":1,"height":\(height)}}}
      """.utf8)
  }

  @Test func aNameStaysInItsFolder() {
    for name in ["", "../heat", ".hidden", "a/b"] {
      var figure = Figures.heat
      figure.name = name
      #expect(throws: FileAccessError.self) { try folder.write(figure) }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }
}
