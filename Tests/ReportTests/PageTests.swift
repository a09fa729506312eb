import Artifacts
import Files
import Foundation
import Testing

@testable import Report

@Suite struct PageTests {
  private func run(
    _ name: String, nll: Double? = nil, error: Double? = nil, best: Double = -90
  ) throws -> ReportRun {
    ReportRun(
      name: name, path: "runs/\(name)",
      configuration: [
        .init(name: "objective", text: "of \(name)", isNotable: false),
        .init(name: "seed", text: "0", isNotable: true),
        .init(name: "memory", text: "automatic", isNotable: false),
      ], task: "strokes", validation: "strokes, 50", objective: name,
      metrics: RunMetrics(passes: [
        .init(pass: 1, bound: -100, validation: best, learningRate: 0.1, seconds: 1)
      ]),
      evaluation: nll.map {
        RunEvaluation(nll: $0, standardError: error, samples: 50, images: 9)
      },
      figures: [Figures.lines, Figures.heat])
  }

  @Test func nothingOfARunBreaksThePage() throws {
    let page = ReportPage(
      title: hostile, runs: [try run(hostile, nll: 90), try run("b'", nll: 88.5)])
    let html = page.html
    #expect(!html.contains("<b>&") && !html.contains("]]></svg>"))
    // Every script that starts ends: the points of six figures, and the page's own.
    #expect(html.components(separatedBy: "<script").count == 8)
    #expect(html.components(separatedBy: "</script>").count == 8)
    // In an order that is not each process's own, so that equal runs have equal pages.
    #expect(html.components(separatedBy: #"class="marks">[{"name":"#).count == 7)
    #expect(html.components(separatedBy: "<figure").count == 7 && page.figureCount == 6)
    for address in html.components(separatedBy: #"href=""#).dropFirst() {
      #expect(address.hasPrefix("data:"))
    }
    #expect(!html.contains("src=\"http"))
    // What is alike in every run and not notable has no row.
    #expect(html.contains(">seed") && !html.contains(">memory"))
  }

  @Test func theBestIsMarkedWhereItCanBeSaid() throws {
    let runs = [
      try run("a", nll: 90, error: 0.1, best: -91),
      try run("b", nll: 88.5, error: 0.1, best: -92),
    ]
    let comparison = Comparison(runs)
    #expect(comparison.evaluation.first { $0.name == "NLL" }?.best == [1])
    #expect(comparison.training.first { $0.name == "validation, best" }?.best == [0])
    // Other objectives, other bounds.
    #expect(comparison.training.first { $0.name == "bound, last pass" }?.best == [])
    #expect(comparison.configuration.map(\.name) == ["objective", "seed"])
    #expect(comparison.configuration.map(\.differs) == [true, false])
    // Nor are means of other samples validations of the same kind.
    var resampled = runs
    resampled[1].validation = "strokes, 5000"
    #expect(Comparison(resampled).training.allSatisfy { $0.best.isEmpty })
    // Of other data, nothing can be said; nor of a number that is none.
    var other = runs
    other[1].task = "mnist"
    #expect(Comparison(other).evaluation.allSatisfy { $0.best.isEmpty })
    #expect(
      Comparison([runs[0], try run("c", nll: .nan)]).evaluation.allSatisfy { $0.best.isEmpty })
    #expect(Comparison([runs[0]]).evaluation.allSatisfy { $0.best.isEmpty })
  }

  @Test func theBestLeadsByMoreThanItsError() throws {
    func best(_ errors: Double?...) throws -> Set<Int>? {
      let runs = try zip([169.22, 169.85] as [Double], errors).map {
        try run("\($0)", nll: $0, error: $1)
      }
      return Comparison(runs).evaluation.first { $0.name == "NLL" }?.best
    }
    #expect(try best(3.98, 4.35) == [])
    #expect(try best(0.2, 0.2) == [0])
    #expect(try best(0.3, 0.1) == [])
    #expect(try best(nil, nil) == [])
    #expect(try best(.nan, 0.1) == [])
    let html = Comparison([try run("a", nll: 1e308), try run("b", nll: -2e9)]).html
    #expect(html.contains(">1e308") && html.contains("-2e9"))
    #expect(html.contains("compete for the best"))
    #expect(!Comparison([try run("a", nll: 1)]).html.contains("compete"))
  }

  @Test func longRunsMakeAPageOfOrdinarySize() throws {
    let count = 100_000
    let passes = (1...count).map {
      RunMetrics.Pass(pass: Double($0), bound: -100 + sin(Double($0)), learningRate: 0.001)
    }
    let run = ReportRun(name: "long", path: "long", metrics: RunMetrics(passes: passes))
    let clock = ContinuousClock()
    let started = clock.now
    let html = ReportPage(title: "t", runs: [run]).html
    // Ten times what it takes, and a tenth of what it took when each row looked at every point.
    #expect(clock.now - started < .seconds(10))
    #expect(html.utf8.count < 3_000_000, "\(html.utf8.count)")
    #expect(html.contains("One in 500 rows; the CSV file has one in 10"))
    #expect(html.contains("the least and the largest are drawn"))
  }

  @Test func metricsAreReadAsRunsLeaveThem() throws {
    let text = """
      {"epoch":1,"bound":-100,"learning_rate":0.001,"train_seconds":2.5,"new":{"a":[1]}}
      {"epoch":2,"bound":"nan","validation":-95}

      {"epoch":3,"bound":-90,"validation":"-inf"}
      {"epoch":4,"bou
      """
    let metrics = try read(text)
    #expect(metrics.passes.map(\.pass) == [1, 2, 3])
    #expect(metrics.passes[1].bound?.isNaN == true && metrics.lastBound == -90)
    #expect(metrics.bestValidation?.value == -95 && metrics.bestValidation?.pass == 2)
    #expect(metrics.seconds == 2.5)
    #expect(try read("").passes.isEmpty)
    for bad in [
      "garbage", "{\"epoch\":1}\nx\n{\"epoch\":2}\n", "{\"epoch\":\n", "{}", "[1]\n", "\u{0}",
    ] {
      #expect(throws: FormatError.self, "\(bad)") { try read(bad) }
    }
  }

  private func read(_ metrics: String) throws -> RunMetrics {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Files.write(Data(metrics.utf8), to: path)
    return try RunMetrics(file: path)
  }

  /// A file may claim to be larger than memory: it is refused at its first line that is none.
  @Test func linesWithoutEndAreRefused() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Files.write(Data("{\"epoch\":1}\n".utf8), to: path)
    #expect(truncate(path, 3 << 30) == 0)
    let error = #expect(throws: FormatError.self) { try RunMetrics(file: path) }
    #expect(error?.problem == "line 2 is longer than 65536 bytes.")
  }

  @Test func whatIsMissingIsSaidWithItsCommand() {
    let page = ReportPage(title: "t", runs: [ReportRun(name: "it's", path: "my runs/it's")])
    let html = page.html
    #expect(html.contains("<code>iwae-gpu evaluate &#39;my runs/it&#39;\\&#39;&#39;s&#39;</code>"))
    #expect(html.contains("iwae-gpu bounds") && html.contains("No pass is done yet."))
    #expect(html.contains("iwae-gpu look"))
    let sweep = ReportRun(name: "sweep", path: "sweep", figures: [Figures.heat], hasModel: false)
    #expect(!ReportPage(title: "t", runs: [sweep]).html.contains("iwae-gpu look"))
    #expect(page.figureCount == 0)
  }
}
