import Foundation
import Testing

@testable import Experiments

/// Which settings a grid has, and how it is asked for.
@Suite struct SweepGridTests {
  @Test func gridsSayWhatTheyLeaveOut() throws {
    var grid = Grid(base: RunConfiguration(), test: TestPlan())
    grid.objectives = ["iwae", "elbo", "vimco", "renyi", "piwae"]
    grid.estimators = [.standard, .stl]
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
}
