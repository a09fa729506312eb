import Foundation
import Testing

@testable import Report

/// Figures that say what they show, and what they do not.
@Suite struct LegibilityTests {
  /// Red, green and blue light as eyes without one kind of cones have it, after Machado et al.
  private static let eyes: [[[Double]]] = [
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    [
      [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
      [-0.003882, -0.048116, 1.051998],
    ],
    [
      [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
      [-0.011820, 0.042940, 0.968881],
    ],
    [
      [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
      [0.004733, 0.691367, 0.303900],
    ],
  ]

  private func product(_ matrix: [[Double]], _ values: [Double]) -> [Double] {
    matrix.map { zip($0, values).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  private func light(_ color: Color) -> [Double] {
    color.shares.map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
  }

  /// A place in Oklab, where distances are as eyes see them.
  private func place(_ light: [Double]) -> [Double] {
    let cones = product(
      [
        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
      ], light)
    return product(
      [
        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
      ], cones.map { cbrt(max($0, 0)) })
  }

  @Test func coloursDifferForEveryEye() {
    for theme in [Palette.light, Palette.dark] {
      #expect(theme.series.count >= 10)
      for eye in Self.eyes {
        let places = theme.series.map { color in
          place(product(eye, light(color)).map { min(max($0, 0), 1) })
        }
        for (index, first) in places.enumerated() {
          for second in places.dropFirst(index + 1) {
            let distance = zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            #expect(distance.squareRoot() > 0.07)
          }
        }
      }
      // They stand out from the background by 3 to 1.
      func luminance(_ color: Color) -> Double {
        zip([0.2126, 0.7152, 0.0722], light(color)).reduce(0) { $0 + $1.0 * $1.1 }
      }
      for color in theme.series {
        let pair = [luminance(color), luminance(theme.paper)].sorted()
        #expect((pair[1] + 0.05) / (pair[0] + 0.05) >= 3, "\(color.hex)")
      }
    }
  }

  @Test func equalAxesHaveEqualUnits() {
    for (width, height) in [(1.0, 1.0), (20, 1), (0.01, 3), (1000, 999)] {
      let points = [(0.0, 0.0), (width, 0), (0, height)].map {
        ScatterPlot.Point(x: $0.0, y: $0.1)
      }
      var plot = ScatterPlot(xLabel: "x", yLabel: "y", series: [.init(name: "s", points: points)])
      func lengths() -> (x: Double, y: Double) {
        let marks = plot.drawing.marks[0]
        return (marks[1].x - marks[0].x, marks[0].y - marks[2].y)
      }
      let free = lengths()
      plot.hasEqualAxes = true
      let equal = lengths()
      // Places are rounded to a tenth.
      #expect(abs(equal.x / width - equal.y / height) < 0.2 / min(width, height))
      #expect(max(equal.x, equal.y) > 250)
      if width == 20 { #expect(abs(free.x / width - free.y / height) > 1) }
    }
  }

  @Test func whatIsNotDrawnIsCounted() {
    let points: [LinePlot.Point] = [
      .init(x: 1, y: 1), .init(x: 2, y: 0), .init(x: 3, y: -1), .init(x: 4, y: .nan),
      .init(x: 5, y: .infinity), .init(x: 6, y: 2, error: .nan),
    ]
    var plot = LinePlot(
      xLabel: "x", yLabel: "y", yIsLogarithmic: true, curves: [.init("c", points)],
      missing: "noise hides it")
    #expect(
      plot.drawing().notes == [
        "5 points are not drawn: 1 without a number (noise hides it), 2 not positive (the axis is "
          + "logarithmic), 1 infinite or too large, 1 without a finite error."
      ])
    // It can be read in the picture and by who does not see it.
    let document = Document(
      Figure(name: "f", title: "t", summary: "s", content: .lines(plot)).svg)
    #expect(document.texts.contains { $0.hasPrefix("5 points are not drawn") })
    #expect(document.text("desc")?.hasPrefix("s 5 points are not drawn") == true)
    plot.curves[0].points.removeLast(5)
    #expect(plot.drawing().notes.isEmpty)
    let bars = BarPlot(
      xLabel: "x", yLabel: "y", groups: [.init(name: "g", values: [1, 0])], yIsLogarithmic: true)
    #expect(
      bars.drawing().notes == [
        "Bars rise from 0.1.", "1 bar is not drawn: not positive (the axis is logarithmic).",
      ])
  }

  @Test(arguments: [[0.0012, 3], [0.001, 0.5], [7e-9, 8e-9], [200]])
  func barsRiseFromAPowerOfTen(_ values: [Double]) throws {
    let plot = BarPlot(
      xLabel: "x", yLabel: "y", groups: [.init(name: "g", values: values)], yIsLogarithmic: true)
    let base = try #require(Scale.powerOfTen(below: values))
    #expect(log10(base) == log10(base).rounded() && base < values[0] && base >= values[0] / 10.001)
    let texts = Document(plot.drawing().part(label: "")).texts
    #expect(texts.contains(Numbers.short(base)), "\(texts)")
    // The least bar has a height.
    #expect(plot.drawing().marks[0].allSatisfy { $0.y < Frame.height - 47 })
  }

  @Test func histogramsHaveRoundTicks() {
    let plot = BarPlot(
      xLabel: "x", yLabel: "y", groups: [.init(name: "g", values: [1, 2, 3, 4])],
      labels: ["-52.9", "-31.4", "-9.9", "11.6"], bins: .init(low: -63.65, high: 22.35))
    let texts = Document(plot.drawing().part(label: "")).texts
    #expect(texts.contains("-40") && texts.contains("20") && !texts.contains("-52.9"))
    // Each bar still says its own.
    #expect(plot.drawing().marks[0][0].text == "x -52.9: 1")
    // The bar of a value stands above its tick.
    let ticks = Document(plot.drawing().part(label: ""))
    let place = zip(ticks.elements, ticks.texts).first { $1 == "-40" }?.0.attributes["x"]
    let marks = plot.drawing().marks[0].map(\.x)
    #expect((marks[0]...marks[2]).contains(place.flatMap { Double($0) } ?? 0))
  }

  @Test func manyCurvesAreNamedAtTheirEnds() throws {
    for count in [8, 9, 21, 60] {
      let curves = (0..<count).map { curve in
        LinePlot.Curve("curve \(curve)", [1, 2].map { .init(x: $0, y: Double(curve % 3) + $0) })
      }
      let figure = Figure(
        name: "f", title: "t", summary: "s",
        content: .lines(LinePlot(xLabel: "x", yLabel: "y", curves: curves)))
      let drawing = figure.drawing
      #expect(drawing.namesItsSeries == (count > 8))
      // A page can hide each; a picture has each name once.
      #expect(drawing.pageLegend.count == count)
      let document = Document(figure.svg)
      let names = zip(document.elements, document.texts).filter { $1.hasPrefix("curve ") }
      #expect(Set(names.map(\.1)).count == count && names.count == count)
      guard count > 8 else { continue }
      let places = names.compactMap { $0.0.attributes["y"].flatMap { Double($0) } }.sorted()
      let gaps = zip(places, places.dropFirst()).map { $1 - $0 }
      #expect(gaps.count == count - 1 && gaps.allSatisfy { $0 > 13.9 })
      #expect((places.first ?? 0) > 0 && (places.last ?? 1e9) < drawing.height - 30)
    }
  }

  @Test func namesAreAsNearAsTheyCanBe() {
    func spread(_ places: [Double]) -> [Double] {
      EndLabels.spread(places, by: 10, in: 0...100)
    }
    #expect(spread([20, 50, 80]) == [20, 50, 80])
    // Those at one place stand around it.
    #expect(spread([50, 50, 50]) == [40, 50, 60])
    #expect(spread([1, 2, 60]) == [0, 10, 60])
    #expect(spread([98, 99, 100]) == [80, 90, 100])
    #expect(spread([]).isEmpty)
  }

  @Test func aSingleSeriesHasNoLegend() {
    let plot = LinePlot(xLabel: "x", yLabel: "y", curves: [.init("alone", [.init(x: 1, y: 1)])])
    let figure = Figure(name: "f", title: "t", summary: "s", content: .lines(plot))
    #expect(!figure.svg.contains("alone"))
    #expect(!FigureElement(figure).html.contains("class=\"legend\""))
  }

  @Test func subscriptsAreOfMathematicsAlone() {
    func parts(_ text: String) -> [String] {
      textParts(text).map { $0.isSubscript ? "_\($0.text)" : $0.text }
    }
    #expect(parts("L_k") == ["L", "_k"])
    #expect(parts("below L_5000, which") == ["below L", "_5000", ", which"])
    #expect(parts("of L_k.") == ["of L", "_k", "."])
    for name in ["run_k", "A_run", "runs/L_k/x", "L_k_2", "_k", "L_", "my-L_k", "l_k", "L_k.json"] {
      #expect(parts(name) == [name])
    }
    #expect(marked("<L_k>") == "&lt;L<sub>k</sub>&gt;")
    let plot = LinePlot(xLabel: "k", yLabel: "L_k, nats", curves: [.init("c", [.init(x: 1, y: 1)])])
    let figure = Figure(name: "f", title: "L_k of it", summary: "s", content: .lines(plot))
    let document = Document(figure.svg)
    #expect(document.problem == nil)
    #expect(document.texts.filter { $0 == "k" }.count == 3 && !document.texts.contains("L_k, nats"))
    #expect(FigureElement(figure).html.contains("<figcaption>L<sub>k</sub> of it</figcaption>"))
  }

  @Test(arguments: ["K_50", "A_1", "L_k"]) func namesStayAsTheyAre(_ name: String) {
    for count in [2, 9] {
      let curves = (0..<count).map { index in
        LinePlot.Curve(index == 0 ? name : "\(index)", [.init(x: 1, y: Double(index))])
      }
      let figure = Figure(
        name: name, title: "T_1", summary: "\(name) is best.",
        content: .lines(LinePlot(xLabel: "k", yLabel: "y", curves: curves)))
      let texts = Document(figure.svg).texts
      #expect(texts.filter { $0 == name }.count == 1 && texts.contains("T"), "\(texts)")
      let html = FigureElement(figure, run: name).html
      #expect(html.contains("<figcaption>\(name): T<sub>1</sub></figcaption>"))
      #expect(html.contains("<span>\(name)</span>") && html.contains(">\(name) is best.</p>"))
    }
  }

  @Test func formatsAreKnownByTheirEndings() throws {
    #expect(FigureFormat(ofName: "a/b.PDF") == .pdf && FigureFormat(ofName: "x.svg") == .svg)
    #expect(FigureFormat(ofName: "png") == nil && FigureFormat(ofName: "a.pdf/b") == nil)
    #expect(FigureFormat(ofName: ".svg") == nil && FigureFormat(ofName: "a/.pdf") == nil)
    #expect(FigureFormat.endings == ".svg, .pdf or .png")
    let starts: [FigureFormat: [UInt8]] = [
      .svg: Array("<svg".utf8), .pdf: Array("%PDF".utf8), .png: [0x89, 0x50, 0x4e, 0x47],
    ]
    for format in FigureFormat.allCases {
      #expect(try Array(Figures.heat.file(format).prefix(4)) == starts[format])
    }
  }
}
