import Foundation
import Testing

@testable import iwae_gpu

/// Which settings a grid has, and how it is asked for.
@Suite struct SweepGridTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-grid-\(UUID())").path

  @Test func gridsSayWhatTheyLeaveOut() throws {
    var grid = Grid(base: RunConfiguration(), test: TestPlan())
    grid.objectives = ["iwae", "elbo", "vimco", "renyi", "piwae"]
    grid.estimators = ["standard", "stl"]
    grid.sizes = [(1, 4), (2, 2), (4, 1)].map { Grid.Size(groups: $0, samples: $1) }
    grid.betas = [0.1, 0.2]
    grid.alphas = [0, 2]
    let (settings, leftOut) = grid.settings()
    #expect(
      Set(settings.map(\.settingName)) == [
        "iwae-k4", "iwae-k4-stl", "elbo-k4", "vimco-m1-k4", "vimco-m2-k2", "renyi-a0.0-k4",
        "renyi-a2.0-k4", "renyi-a0.0-k4-stl", "renyi-a2.0-k4-stl", "piwae-m1-k4", "piwae-m2-k2",
        "piwae-m4-k1", "piwae-m1-k4-stl", "piwae-m2-k2-stl", "piwae-m4-k1-stl",
      ])
    #expect(settings.count == 15 && leftOut.contains("beta is of ciwae alone"))
    #expect(leftOut.contains("elbo has no estimator but the standard one"))
    #expect(leftOut.contains("vimco needs at least 2 samples"))
    #expect(leftOut.contains { $0.hasPrefix("iwae depends on M x K alone: M groups") })
    #expect(!leftOut.contains { $0.hasPrefix("piwae depends") || $0.hasPrefix("vimco depends") })
    // What does not count keeps its standard value, so that by hand it need not be given.
    #expect(settings.allSatisfy { $0.beta == 0.5 })
    for arguments in [
      ["sweep", "--samples", "2"], ["sweep", "--out", folder, "--samples", "2,,3"],
      ["sweep", "--out", folder, "--objectives", "vimco", "--samples", "1"],
      ["sweep", "--out", folder, "--preset", "mk64", "--samples", "1"],
      ["sweep", "--out", folder, "--seeds", "-1"], ["sweep", "--out", folder, "--betas", "nan"],
    ] {
      let outcome = run(arguments + ["--data", "linear-gaussian"])
      #expect(outcome.status == .usage, "\(arguments)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  /// Even where no other setting means the same.
  @Test func groupsThatDoNotCountAreNamed() {
    var grid = Grid(base: RunConfiguration(), test: TestPlan())
    grid.sizes = [Grid.Size(groups: 2, samples: 3)]
    let (settings, notes) = grid.settings()
    #expect(settings.map(\.groups) == [1] && settings.map(\.samples) == [6])
    #expect(
      notes == [
        "iwae depends on M x K alone: M groups of K samples run as one group of M x K"
      ])
    grid.objectives = ["miwae"]
    #expect(grid.settings().notes.isEmpty)
  }

  @Test func oneSeedIsAListOfOne() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let flags = [
      "sweep", "--out", folder, "--data", "linear-gaussian", "--layers", "10:3", "--passes", "1",
      "--samples", "2", "--test-samples", "5", "--limit", "20", "--quiet",
    ]
    #expect(run(flags + ["--seed", "5"]).status == .done)
    #expect(FileManager.default.fileExists(atPath: "\(folder)/iwae-k2-seed5/evaluation.json"))
    // More seeds only add to it.
    #expect(run(flags + ["--seeds", "5,6"]).status == .done)
    for command in [flags, ["reproduce", "burda", "--data", "linear-gaussian"]] {
      let both = run(command + ["--seed", "5", "--seeds", "5,6"])
      #expect(both.status == .usage && both.error.contains("leave one out"), "\(both.error)")
    }
  }
}
