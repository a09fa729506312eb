import Foundation
import Report
import Testing

@testable import Experiments

/// Runs of several seeds together.
@Suite struct RunComparisonTests {
  private func run(
    _ name: String, setting: String = "a", nll: Double? = nil, samples: Int = 50,
    validation: Double? = nil, seed: String? = nil, step: Int? = nil
  ) -> ReportRun {
    ReportRun(
      name: name, path: name,
      configuration: [
        .init(name: "objective", text: "of \(setting)", isNotable: true),
        .init(name: "seed", text: seed ?? name, isNotable: true),
        .init(name: "data", text: "strokes", isNotable: true),
      ], setting: setting,
      metrics: RunMetrics(passes: validation.map { [.init(pass: 1, validation: $0)] } ?? []),
      evaluation: nll.map {
        RunEvaluation(
          nll: $0, standardError: 0.5, samples: samples, images: 9, activeUnits: [Int($0) - 80],
          step: step)
      })
  }

  @Test func seedsAreMeanAndSpread() throws {
    let comparison = RunComparison([
      run("x-seed0", nll: 90, validation: -91), run("other", setting: "b", nll: 85),
      run("x-seed1", nll: 92, validation: -93), run("x-seed10", nll: 94), run("x-seed11"),
    ])
    try #require(comparison.groups.count == 2)
    let group = comparison.groups[0]
    #expect(group.name == "x" && group.runs.count == 4 && group.evaluated == 3)
    #expect(group.nll?.mean == 92 && group.nll?.spread == 2)
    #expect(abs(try #require(group.seedError) - 2 / 3.0.squareRoot()) < 1e-12)
    #expect(group.standardError == 0.5 && group.activeUnits == [12])
    #expect(group.validation?.mean == -92)
    let other = comparison.groups[1]
    #expect(other.name == "other" && other.nll?.spread == nil && other.seedError == nil)
    #expect(
      comparison.table.csv.split(separator: "\r\n") == [
        "run,objective,seeds,validation,nll,standard_error,spread,seed_error,active_units,"
          + "test_samples,images,steps",
        "x,of a,4,-92,92,0.5,2,1.1547005383792517,12,50,9,", "other,of b,1,,85,0.5,,,5,50,9,",
      ])
    #expect(comparison.table.text.contains("3 of 4"))
    let seeds = try #require(comparison.seeds)
    #expect(seeds.columns[4] == "NLL (nats)" && seeds.rows[0][4] == "92.00(50)")
    #expect(seeds.rows[0][6] == "1.15" && seeds.rows[1][6] == "-")
    let html = ReportPage(title: "", runs: [], seeds: seeds).html
    #expect(html.contains("<h3>Seeds</h3>") && html.contains("<td>92.00(50)</td>"))
    #expect(RunComparison([run("a"), run("b", setting: "b")]).seeds == nil)
  }

  @Test func unlikeEvaluationsHaveNoMean() {
    let comparison = RunComparison([run("a", nll: 90), run("b", nll: 92, samples: 5000)])
    #expect(comparison.groups.count == 1 && comparison.groups[0].nll == nil)
    #expect(comparison.table.text.contains("evaluated unlike"))
    #expect(RunComparison([]).table.rows.isEmpty)
  }

  @Test func equalSeedsAreNoTwoSeeds() {
    let comparison = RunComparison([
      run("x-seed0", nll: 90, seed: "0"), run("copy", nll: 90, seed: "0"),
      run("x-seed1", nll: 92, seed: "1"),
    ])
    #expect(comparison.groups.map(\.name) == ["x", "copy"])
    #expect(comparison.groups.map { $0.nll?.mean } == [91, 90])
    #expect(comparison.summaries.map(\.seeds) == [2, 1])
    #expect(comparison.summaries[1].spread == nil)
  }

  /// A run in other units has no part in what others are compared with, whatever its NLL.
  @Test func settingsAreComparedWithTheBestOfTheirKind() throws {
    func tested(_ name: String, _ nll: Double, _ key: String) -> ReportRun {
      var run = run(name, setting: name, nll: nll)
      run.tested = TestedImages(key: key, logLikelihoods: [-nll, 1 - nll])
      return run
    }
    let comparison = RunComparison([
      tested("piwae", 92, "a"), tested("other units", 5, "b"), tested("dreg", 90, "a"),
      tested("iwae", 91, "a"), tested("theirs", 7, "b"), run("unknown", setting: "c", nll: 80),
    ])
    let found = comparison.groups.map(\.difference)
    #expect(found.map { $0?.than } == ["dreg", nil, nil, "dreg", "other units", nil])
    #expect(found.map { $0?.difference } == [2, nil, nil, 1, 2, nil])
  }

  @Test func unlikeStepsAreSaid() {
    let table = RunComparison([
      run("a", nll: 90, step: 900), run("b", nll: 92, step: 1800),
      run("c", setting: "b", nll: 91, step: 900),
    ]).table
    #expect(table.text.contains("900 to 1800"))
    #expect(table.csv.split(separator: "\r\n").dropFirst().allSatisfy { $0.contains(",900") })
    #expect(table.csv.hasSuffix(",900\r\n"))
    // However far apart.
    let far = RunComparison([
      run("a", nll: 90, step: Int.min), run("b", nll: 92, step: Int.max),
    ]).table
    #expect(far.text.contains("\(Int.min) to \(Int.max)"))
  }

  /// A setting that is called like what was found.
  @Test func keysAreOfOneColumnEach() throws {
    var (few, many) = (run("a", nll: 90), run("b", setting: "b", nll: 92))
    few.configuration.append(.init(name: "test samples", text: "5", isNotable: false))
    many.configuration.append(.init(name: "test samples", text: "50", isNotable: false))
    let lines = RunComparison([few, many]).table.csv.split(separator: "\r\n")
    let keys = lines[0].split(separator: ",")
    #expect(Set(keys).count == keys.count && keys.contains("setting_test_samples"))
    #expect(lines[1].hasPrefix("a,of a,5,1,") && lines[2].hasPrefix("b,of b,50,1,"))
  }

  @Test func groupsAreCalledByWhatTheirNamesShare() {
    #expect(RunComparison.name(["runs/a/seed1", "runs/a/seed2"]) == "runs/a")
    #expect(RunComparison.name(["iwae-k50-seed0", "iwae-k50-seed1"]) == "iwae-k50")
    #expect(RunComparison.name(["first", "second"]) == "first, second")
    #expect(RunComparison.name(["seed1", "seed2"]) == "seed1, seed2")
    #expect(RunComparison.name(["only-seed3"]) == "only-seed3")
  }

  @Test func theSeedAloneIsNoOtherSetting() throws {
    let usual = RunConfiguration()
    var other = usual
    other.seed = 7
    #expect(try usual.textOfAnySeed == other.textOfAnySeed)
    other.samples += 1
    #expect(try usual.textOfAnySeed != other.textOfAnySeed)
    // The same name of other content.
    other = usual
    other.source.identity = try DataIdentity(SmallRun().configuration().1.split)
    #expect(try usual.textOfAnySeed != other.textOfAnySeed)
  }
}
