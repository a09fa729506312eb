import Datasets
import Experiments
import Foundation
import IWAE
import Testing

/// The papers' tables.
@Suite struct PublishedTableTests {
  /// The divergence is the bound minus the estimate, but for the rounding of three numbers.
  @Test func thePublishedArithmeticHolds() throws {
    let whole = RainforthEntry.all.filter { $0.bound != nil }
    #expect(whole.count == 5 && RainforthEntry.all.count == 7)
    for entry in whole {
      let bound = try #require(entry.bound?.value)
      let divergence = try #require(entry.divergence?.value)
      #expect(abs(bound - entry.likelihood.value - divergence) < 0.015, "\(entry.title)")
    }
    #expect(RainforthEntry.all.allSatisfy { $0.groups * $0.samples == 64 })
    #expect(RainforthEntry.all.allSatisfy { $0.likelihood.isTranscribed })
  }

  @Test func everySetHasItsTable() throws {
    let mnist = try #require(BurdaTable.of(data: "mnist", isFixed: false))
    let best = try #require(mnist.entry(layers: 2, objective: "iwae", samples: 50))
    #expect(best.nll == 82.90 && best.activeUnits == [26, 7])
    #expect(mnist.entry(layers: 1, objective: "iwae", samples: 2) == nil)
    #expect(BurdaTable.of(data: "strokes", isFixed: false) == nil)
    #expect(BurdaTable.of(data: "omniglot", isFixed: true) == nil)
    for data in ["mnist", "binarized-mnist"] {
      let fixed = try #require(BurdaTable.of(data: data, isFixed: true))
      #expect(fixed.entry(layers: 1, objective: "vae", samples: 50)?.nll == 89.05)
      #expect(fixed.entry(layers: 1, objective: "vae", samples: 50)?.activeUnits == nil)
    }
    let omniglot = try #require(BurdaTable.of(data: "omniglot", isFixed: false))
    for layers in [1, 2] {
      for samples in [5, 50] {
        let vae = try #require(omniglot.entry(layers: layers, objective: "vae", samples: samples))
        let iwae = try #require(omniglot.entry(layers: layers, objective: "iwae", samples: samples))
        #expect(iwae.nll < vae.nll)
      }
    }
  }

  /// NLL and active units for 1, 5 and 50 samples.
  private func expect(
    _ table: BurdaTable?, _ layers: Int, _ objective: String, _ nll: [Double], _ units: [[Int]] = []
  ) throws {
    let entries = [1, 5, 50].compactMap {
      table?.entry(layers: layers, objective: objective, samples: $0)
    }
    #expect(entries.map(\.nll) == nll, "\(layers) \(objective)")
    #expect(entries.compactMap(\.activeUnits) == units, "\(layers) \(objective)")
  }

  @Test func burdasNumbersAreThePapers() throws {
    let mnist = BurdaTable.of(data: "mnist", isFixed: false)
    try expect(mnist, 1, "vae", [86.76, 86.47, 86.35], [[19], [20], [20]])
    try expect(mnist, 1, "iwae", [86.76, 85.54, 84.78], [[19], [22], [25]])
    try expect(mnist, 2, "vae", [85.33, 85.01, 84.78], [[16, 5], [17, 5], [17, 5]])
    try expect(mnist, 2, "iwae", [85.33, 83.89, 82.90], [[16, 5], [21, 5], [26, 7]])
    let omniglot = BurdaTable.of(data: "omniglot", isFixed: false)
    try expect(omniglot, 1, "vae", [108.11, 107.62, 107.80], [[28], [28], [28]])
    try expect(omniglot, 1, "iwae", [108.11, 106.12, 104.67], [[28], [34], [41]])
    try expect(omniglot, 2, "vae", [107.58, 106.31, 106.30], [[28, 4], [30, 5], [30, 5]])
    try expect(omniglot, 2, "iwae", [107.56, 104.79, 103.38], [[30, 5], [38, 6], [44, 7]])
    for fixed in [
      BurdaTable.of(data: "mnist", isFixed: true),
      BurdaTable.of(data: "binarized-mnist", isFixed: false),
    ] {
      try expect(fixed, 1, "vae", [88.71, 88.83, 89.05])
      try expect(fixed, 1, "iwae", [88.71, 87.63, 87.10])
      try expect(fixed, 2, "vae", [88.08, 87.63, 87.86])
      try expect(fixed, 2, "iwae", [88.08, 86.17, 85.32])
    }
  }

  @Test func rainforthsNumbersAreThePapers() {
    func numbers(_ entry: RainforthEntry) -> [[Double]] {
      [entry.bound, entry.likelihood, entry.divergence].compactMap(\.self).map {
        [$0.value] + [$0.spread].compactMap(\.self)
      }
    }
    let expected: [(String, String, Int, Int, Double, [[Double]])] = [
      ("IWAE", "iwae", 1, 64, 0.5, [[-86.11, 0.10], [-84.52, 0.02], [-1.59, 0.10]]),
      ("PIWAE (8,8)", "piwae", 8, 8, 0.5, [[-85.74, 0.07], [-84.46, 0.06], [-1.28, 0.09]]),
      ("MIWAE (8,8)", "miwae", 8, 8, 0.5, [[-85.69, 0.04], [-84.97, 0.10], [-0.72, 0.11]]),
      ("MIWAE (4,16)", "miwae", 4, 16, 0.5, [[-84.56]]),
      ("CIWAE 0.5", "ciwae", 1, 64, 0.5, [[-86.08, 0.08], [-85.24, 0.08], [-0.84, 0.11]]),
      ("CIWAE 0.05", "ciwae", 1, 64, 0.05, [[-84.57]]),
      ("VAE", "vae", 1, 64, 0.5, [[-86.69, 0.08], [-86.21, 0.19], [-0.47, 0.20]]),
    ]
    #expect(RainforthEntry.all.count == expected.count)
    for (entry, (title, objective, groups, samples, beta, values)) in zip(
      RainforthEntry.all, expected)
    {
      #expect(entry.title == title && entry.objective == objective && entry.beta == beta)
      #expect(entry.groups == groups && entry.samples == samples && numbers(entry) == values)
    }
  }

  private let strokes = Result { try DataSource("strokes", in: DataFolders([])) }

  private func burda(
    _ change: (inout PaperRun.Burda) -> Void = { _ in }
  ) throws -> PaperRun {
    var burda = PaperRun.Burda()
    change(&burda)
    let source = try strokes.get()
    return PaperRun(burda, PaperRecipe(of: source, seeds: [0]), of: source)
  }

  @Test func bothRecipesAreThePapers() throws {
    let paper = try burda().recipe.base
    #expect(paper.batch == 20 && paper.passes == 3280 && paper.schedule == .burda)
    #expect(paper.order == .shuffled && paper.optimizer == .usual && paper.split == .full)
    #expect(paper.keep == .last && paper.activityImages == 0 && paper.binarize == .sample)
    #expect(paper.warmUp == 0 && paper.patience == 0 && paper.backwardSamples == 0)
    #expect(paper.model == .burda1(dataSize: 784) && paper.estimator == .standard)
    let released = try burda { $0.isReleased = true }
    #expect(
      Differences.between(paper, released.recipe.base) == [
        "activity_images was 0 and is 500 now", "optimizer was usual and is released now",
        "order was shuffled and is fixed now", "schedule was burda and is burda-released now",
        "split was full and is released now",
      ])
    #expect(released.mode == "released" && released.folder.hasSuffix("-strokes-released"))
    #expect(
      try Differences.between(paper, burda { $0.isFixed = true }.recipe.base) == [
        "binarize was sample and is fixed now"
      ])
    let source = try strokes.get()
    let rainforth = PaperRun(
      rainforth: PaperRecipe(of: source, passes: 13, seeds: [0, 1, 2, 3]), of: source)
    #expect(
      Differences.between(paper, rainforth.recipe.base) == ["passes was 3280 and is 13 now"])
    #expect(rainforth.rows.allSatisfy { $0.cells.map(\.configuration.seed) == [0, 1, 2, 3] })
  }

  /// What the configuration's names stand for.
  @Test func theReleasedCodeHasItsOwnRatesAndOptimizer() throws {
    let paper = try burda().recipe.base.training()
    let released = try burda { $0.isReleased = true }.recipe.base.training()
    #expect(paper.schedule == .burda && released.schedule == .burdaReleased)
    #expect(paper.convention == .usual && released.convention == .released)
    #expect(paper.shuffles && !released.shuffles)
  }

  @Test func burdasRowsAreTheTable() throws {
    let rows = try burda().rows
    #expect(rows.count == 12)
    let settings = rows.map { $0.cells[0].configuration }
    #expect(settings.map(\.samples) == [1, 1, 5, 5, 50, 50, 1, 1, 5, 5, 50, 50])
    #expect(
      settings.map(\.objective)
        == Array(repeating: ["iwae", "iwae", "vae", "iwae", "vae", "iwae"], count: 2).flatMap(
          \.self))
    for (index, setting) in settings.enumerated() {
      #expect(setting.model == (index < 6 ? .burda1(dataSize: 784) : .burda2(dataSize: 784)))
    }
  }
}
