import Datasets
import Experiments
import Foundation
import IWAE
import Testing

/// Which settings a grid has, and how it is asked for.
@Suite struct SweepGridTests {
  @Test func gridsSayWhatTheyLeaveOut() throws {
    var grid = Grid(base: RunConfiguration())
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
    // What is trained all the same is trained once.
    let trained = Dictionary(
      uniqueKeysWithValues: zip(
        settings.map(\.settingName), grid.trained(for: settings).map(\.settingName)))
    #expect(Set(trained.values).count == 11 && trained["piwae-m2-k2"] == "piwae-m2-k2")
    #expect(trained["renyi-a0.0-k4-stl"] == "iwae-k4-stl" && trained["piwae-m1-k4"] == "iwae-k4")
    #expect(leftOut.contains("elbo has no estimator but the standard one"))
    #expect(leftOut.contains("vimco needs at least 2 samples"))
    #expect(leftOut.contains { $0.hasPrefix("iwae depends on M x K alone: M groups") })
    #expect(!leftOut.contains { $0.hasPrefix("piwae depends") || $0.hasPrefix("vimco depends") })
    // What does not count keeps its standard value, so that by hand it need not be given.
    #expect(settings.allSatisfy { $0.beta == 0.5 })
  }

  /// Even where no other setting means the same.
  @Test func groupsThatDoNotCountAreNamed() {
    var grid = Grid(base: RunConfiguration())
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

  /// What an estimator learns while it trains is part of what it means.
  @Test func anEstimatorThatLearnsIsAnotherOne() throws {
    var grid = Grid(base: RunConfiguration())
    (grid.objectives, grid.estimators) = (
      [.named("iwae"), .named("vae")], [.standard, .dreg, .auto]
    )
    let settings = grid.settings().settings
    #expect(settings.count == 6)
    #expect(Set(grid.trained(for: settings)).count == 6)
  }

  @Test func otherSettingsAreAxesToo() throws {
    var grid = Grid(base: RunConfiguration())
    try grid.vary("learning_rate", over: "1e-3,1e-4,1e-3")
    try grid.vary("layers", over: "20,10:3,5:2/4:1")
    try grid.vary("schedule", over: "constant,burda-released")
    let settings = grid.settings().settings
    #expect(settings.count == 8 && Set(settings.map(\.learningRate)) == [1e-3, 1e-4])
    #expect(Set(settings.map { $0.model.encoder.map(\.latent) }) == [[3], [2, 1]])
    #expect(
      grid.name(of: settings[0]) == "iwae-k50-learning_rate0.001-layers20_10.3-scheduleconstant")
    #expect(Set(settings.map(grid.name)).count == 8)
    // Burda's rates do not depend on the learning rate.
    #expect(Set(grid.trained(for: settings).map(grid.name)).count == 6)
    // What is kept says the same, and more values only add to it.
    let kept = try JSONDecoder().decode(Grid.self, from: JSONEncoder().encode(grid))
    #expect(kept.settings().settings.map(kept.name) == settings.map(grid.name))
    #expect(grid.problem(goingOnWith: kept) == nil)
    var other = Grid(base: RunConfiguration())
    try other.vary("learning_rate", over: "1e-3")
    #expect(other.problem(goingOnWith: kept) != nil)
    for (key, text) in [
      ("layers", "5:0"), ("batch", "0,1"), ("beats", "1"), ("passes", "1,,2"),
      ("split", "full,released"), ("test_samples", "5,9"), ("limit", "5,9"),
      ("samples", "1,2"),
    ] {
      #expect(throws: ConfigurationError.self) { try other.vary(key, over: text) }
    }
  }

  /// What only some objectives have is no axis of the others.
  @Test func settingsOfObjectivesAreAxesOfThoseAlone() throws {
    var grid = Grid(base: RunConfiguration(), objectives: ["tvo", "elbo", "iwae"])
    try grid.vary("riemann", over: "left,right")
    try grid.vary("free_bits", over: "0,0.5")
    let (settings, notes) = grid.settings()
    #expect(settings.map { "\($0.objective)" } == ["tvo", "tvo", "elbo", "elbo", "iwae"])
    #expect(settings.map(\.riemann) == [.left, .right, .left, .left, .left])
    #expect(settings.map(\.freeBits) == [0, 0, 0, 0.5, 0])
    #expect(Set(notes).isSuperset(of: ["riemann is of tvo alone", "free_bits is of elbo alone"]))
    #expect(grid.problem == nil && Set(grid.trained(for: settings)).count == 5)
  }

  /// Groups that one column alone goes by are no single group.
  @Test func groupsOfAnObjectiveOfOnesOwnAreKept() throws {
    let own = #"{"name": "own", "bound": {}, "decoder": {"linear": 1}"#
    let apart = try ObjectiveChoice(
      described: own + #", "path": {"scope": "group", "linear": "1/m"}}"#)
    let alike = try ObjectiveChoice(described: own + #", "path": {"linear": 0.5}}"#)
    for (objective, expected) in [(apart, [2]), (alike, [1])] {
      let grid = Grid(
        base: RunConfiguration(), objectives: [objective],
        sizes: [Grid.Size(groups: 2, samples: 3)])
      #expect(grid.settings().settings.map(\.groups) == expected)
    }
  }

  /// Files of before have the tests beside the base.
  @Test func gridsOfBeforeAreRead() throws {
    let grid = Grid(base: RunConfiguration(testSamples: 7, limit: 9))
    var text = String(decoding: try JSONEncoder().encode(grid), as: UTF8.self)
    #expect(try JSONDecoder().decode(Grid.self, from: Data(text.utf8)).base == grid.base)
    text = #"{"test": {"samples": 3, "limit": 4}, "# + text.dropFirst()
    let old = try JSONDecoder().decode(Grid.self, from: Data(text.utf8))
    #expect(old.base.testSamples == 3 && old.base.limit == 4)
  }

  /// No sizes are too large to be refused.
  @Test func hugeGridsAndFunctionsAreRefused() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    func refusal(_ grid: Grid) -> String {
      do {
        _ = try Sweep(grid, in: folder, images: source)
        return "taken"
      } catch {
        return "\(error)"
      }
    }
    let base = RunConfiguration(data: "linear-gaussian")
    let huge = Grid(base: base, sizes: [Grid.Size(groups: .max, samples: 2)])
    #expect(refusal(huge).contains("at most 2^20"))
    let function = Objective.custom(name: "mine") {
      Objective.iwae.rule(groups: $0, samples: $1)
    }
    let words = refusal(Grid(base: base, objectives: [.own(function)]))
    #expect(words.contains("'mine' is a function") && words.contains("describe it as JSON"))
    #expect(!FileManager.default.fileExists(atPath: folder))
  }
}
