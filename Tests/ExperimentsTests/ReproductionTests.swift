import Experiments
import Foundation
import Testing

/// How our numbers are set beside a paper's.
@Suite struct ReproductionTests {
  private func measure(
    _ values: [Double], _ error: Double?, _ published: Published?, isPartial: Bool = false
  ) -> Measure {
    Measure(
      "NLL", SeedStatistics(values), standardError: error, published: published,
      isPartial: isPartial)
  }

  @Test func aDifferenceIsJudgedBySpreads() {
    // Two seeds: a spread of 0.1 * sqrt(2), and 2 * sqrt(0.02 + 0.04) = 0.490.
    let two = measure([84.9, 85.1], 0.1, Published(85.48, 0.2))
    #expect(abs((two.allowed ?? 0) - 2 * 0.06.squareRoot()) < 1e-9 && two.isInside == true)
    #expect(measure([84.9, 85.1], 0.1, Published(85.5, 0.2)).isInside == false)
    #expect(measure([84.9, 85.1], nil, Published(85.48, 0.2)).isInside == true)
    // One spread of the two is enough.
    #expect(measure([85], 5, Published(85.3, 0.2)).allowed == 0.4)
    #expect(measure([84.9, 85.1], 5, Published(85.3)).isInside == false)
    let none = measure([], nil, Published(85))
    #expect(none.ours == nil && none.isInside == nil)
    #expect(measure([85], 0.2, nil).isInside == nil)
  }

  /// Other images have another mean.
  @Test func theErrorOverImagesCountsWhereSomeAreLeftOut() {
    // 2 * sqrt(0.02 + 0.04 + 0.01) = 0.529.
    let part = measure([84.9, 85.1], 0.1, Published(85.5, 0.2), isPartial: true)
    #expect(abs((part.allowed ?? 0) - 2 * 0.07.squareRoot()) < 1e-9 && part.isInside == true)
    let unknown = measure([84.9, 85.1], nil, Published(85, 0.2), isPartial: true)
    #expect(unknown.allowed == nil && unknown.isInside == nil)
  }

  @Test func withoutASpreadTheErrorOverImagesStandsIn() {
    let one = measure([85], 0.2, Published(85.3))
    #expect(one.spread == nil && one.allowed == 0.4 && one.isInside == true)
    #expect(one.isWithoutSpread)
    // Of one image nothing is known.
    let image = measure([85], nil, Published(85))
    #expect(image.difference == 0 && image.allowed == nil && image.isInside == nil)
    #expect(!image.isWithoutSpread && !measure([85], 0.2, Published(85, 0.1)).isWithoutSpread)
  }

  private func row(
    _ title: String, _ ours: Double?, _ published: Double?, _ units: Double, _ run: String,
    spread: Double? = nil
  ) -> ReproductionRow {
    ReproductionRow(
      title: title,
      measures: [
        Measure(
          "NLL", ours.flatMap { SeedStatistics([$0]) }, standardError: 0.1,
          published: published.map { Published($0, spread) }, isPartial: false)
      ], activeUnits: ours == nil ? nil : [units, 1], publishedActiveUnits: [20, 1],
      runs: [CellResult(seed: 0, run: run, failure: ours == nil ? "it failed." : nil)])
  }

  private func reproduction(
    _ rows: [ReproductionRow], passes: Int, isPartial: Bool = false
  ) -> Reproduction {
    Reproduction(
      paper: "A paper", mode: nil, data: "mnist", passes: passes, publishedPasses: 3280, seeds: 1,
      isPartial: isPartial, rows: rows, notes: ["A note"], folder: "f")
  }

  @Test func theOrderIsComparedPairByPair() {
    let rows = [
      row("a", 86, 87, 20, "1"), row("b", 85, 86, 25, "2"), row("c", 85.5, 85, 25, "3"),
      row("d", nil, 84, 20, "4"), row("e", 85.5, 84, 20, "3"),
      // The same as c: the same run and the same number.
      row("f", 85.5, 85, 25, "3"),
    ]
    let result = reproduction(rows, passes: 13)
    // a-b, a-c and a-e hold, b-c and b-e do not; d failed; c and e are one run of two numbers; f is
    // c; equal units do not count.
    #expect(
      result.orderedPairs == 5 && result.violations.map(\.rows) == [["b", "c"], ["b", "e"]])
    let text = result.text
    #expect(text.contains("on mnist: 13 of 3,280 passes (0.4%): with less training"))
    #expect(text.contains("NLL of b and c: published 86.00 and 85.00, ours 85.00 and 85.50"))
    #expect(text.components(separatedBy: "'--seeds 0,1,2' gives a spread.").count == 2)
    #expect(!text.contains("With one seed"))
    #expect(text.contains("published spread, as far as they are known."))
    #expect(text.contains("A note.") && text.contains("Failed: 4: it failed."))
    let whole = reproduction(Array(rows[..<2]), passes: 3280).text
    #expect(whole.contains("3,280 of 3,280 passes (100%).\n"))
    #expect(whole.contains("The published order holds for 1 of 1 pairs of rows."))
  }

  @Test func theTableSaysItsRowsInEveryLineForPrograms() {
    let two = ReproductionRow(
      title: "1 layer, VAE",
      measures: [
        measure([84.9, 85.1], 0.1234, Published(85.5, 0.2)), measure([], nil, nil),
      ], activeUnits: [20, 1.5], publishedActiveUnits: [20, 1], runs: [])
    let table = reproduction([two], passes: 13).table
    let lines = table.csv.split(separator: "\r\n")
    #expect(
      lines[0] == "row,measure,ours,standard_error,spread,published,published_spread,difference,"
        + "inside,active_units,published_active_units")
    #expect(lines[1].hasPrefix("\"1 layer, VAE\",NLL,85,0.1234,0.14142135623730"))
    #expect(lines[1].hasSuffix(",85.5,0.2,-0.5,no,20 + 1.5,20 + 1"))
    #expect(lines[2] == "\"1 layer, VAE\",NLL,,,,,,,,20 + 1.5,20 + 1")
    #expect(
      table.latex.contains(
        "1 layer, VAE & $85.00(12)$ & $0.14$ & $85.50(20)$ & $-0.50$ & no & 20 + 1.5 & 20 + 1"
      ))
    #expect(table.latex.contains("\n & -- & -- & -- & -- & -- &  & "))
    #expect(table.text.split(separator: "\n")[2].hasPrefix("                  -           -"))
    #expect(table.text.split(separator: "\n")[0].contains("NLL  std. error  spread"))
  }

  /// What differs by no more than runs do is in no order.
  @Test func numbersThatThePaperDoesNotTellApartHaveNoOrder() {
    let rows = [
      row("a", 85, -84.52, 20, "1", spread: 0.02), row("b", 84, -84.46, 20, "2", spread: 0.06),
      row("c", 86, -84.97, 20, "3", spread: 0.10),
    ]
    // 2 * sqrt(0.02^2 + 0.06^2) = 0.126 is more than 0.06; c is apart from both.
    let result = reproduction(rows, passes: 13, isPartial: true)
    #expect(result.orderedPairs == 2)
    #expect(result.violations.map(\.rows) == [["a", "c"], ["b", "c"]])
    #expect(result.text.contains("With one seed its spread is not known"))
    #expect(!result.text.contains("'--seeds 0,1,2'"))
    #expect(result.text.contains("over images, because only some were tested."))
  }
}
