import Testing

@testable import Report

@Suite struct SharedAxesTests {
  private func figure(_ values: [Double], xLabel: String = "k") -> Figure {
    Figure(
      name: "f", title: "t", summary: "s",
      content: .lines(
        LinePlot(
          xLabel: xLabel, yLabel: "nats", xIsLogarithmic: false,
          curves: [.init("c", values.enumerated().map { .init(x: Double($0), y: $1) })])))
  }

  private func bars(_ values: [Double], isLogarithmic: Bool = false) -> Figure {
    Figure(
      name: "f", title: "t", summary: "s",
      content: .bars(
        BarPlot(
          xLabel: "unit", yLabel: "variance", groups: [.init(name: "g", values: values)],
          threshold: 0.01, yIsLogarithmic: isLogarithmic)))
  }

  /// The texts of all ticks.
  private func axes(_ figure: Figure, _ reach: AxisReach) -> [String] {
    Document(figure.drawing(reaching: reach).part(label: "")).texts.filter { Double($0) != nil }
  }

  @Test func figuresSideBySideHaveTheSameAxes() {
    for (low, high) in [
      (figure([-120, -110, -105]), figure([-85, -80])), (bars([0.1, 0.2]), bars([3, 0, 1])),
    ] {
      let reach = AxisReach.shared(by: [low, high])
      let (first, second) = (axes(low, reach), axes(high, reach))
      #expect(axes(low, AxisReach()) != axes(high, AxisReach()))
      #expect(!first.isEmpty && Set(first).subtracting(second).count <= 1)
      // The higher curve lies higher.
      let marks = [low, high].map { $0.drawing(reaching: reach).marks[0] }
      #expect((marks[1].map(\.y).min() ?? 0) < (marks[0].map(\.y).min() ?? 0))
    }
  }

  @Test func axesOfOtherMeaningAreNotShared() {
    let lines = figure([1, 2])
    #expect(!AxisReach.shared(by: [lines, lines]).isEmpty)
    #expect(AxisReach.shared(by: [lines]).isEmpty)
    #expect(AxisReach.shared(by: [lines, figure([1, 2], xLabel: "pass")]).isEmpty)
    #expect(AxisReach.shared(by: [lines, Figures.heat]).isEmpty)
    #expect(AxisReach.shared(by: [Figures.heat, Figures.heat]).isEmpty)
    #expect(AxisReach.shared(by: [bars([1]), bars([1], isLogarithmic: true)]).isEmpty)
    let histograms = [["-3", "-1"], ["-30", "-10"]].map { bins in
      Figure(
        name: "h", title: "t", summary: "s",
        content: .bars(
          BarPlot(
            xLabel: "log w", yLabel: "samples", groups: [.init(name: "g", values: [5, 6])],
            labels: bins)))
    }
    #expect(AxisReach.shared(by: histograms).isEmpty)
  }

  @Test func barsOfGroupsHaveTheirLabels() {
    let plot = BarPlot(
      xLabel: "rank", yLabel: "variance",
      groups: [
        .init(name: "layer 1", values: [3, 2], labels: ["unit 8", "unit 1"]),
        .init(name: "layer 2", values: [1], labels: ["unit 4"]),
      ], labels: ["1", "2"], threshold: 0.5)
    #expect(
      plot.table.csv
        == "rank,\"layer 1, label\",layer 1,\"layer 2, label\",layer 2\r\n"
        + "1,unit 8,3,unit 4,1\r\n2,unit 1,2,,\r\n")
    let drawing = plot.drawing()
    #expect(drawing.marks[0].map(\.text) == ["unit 8, rank 1: 3", "unit 1, rank 2: 2"])
    // The threshold's number stands beside the bars.
    let document = Document(drawing.part(label: ""))
    let label = zip(document.elements, document.texts).reversed().first { $1 == "0.5" }
    let right = drawing.marks.joined().map(\.x).max() ?? 0
    #expect((label?.0.attributes["x"].flatMap { Double($0) } ?? 0) > right)
    #expect(document.elements.contains { $0.attributes["class"] == "halo" })
  }
}
