import Datasets
import Foundation
import IWAE
import Testing

@testable import Experiments

/// The table of Tomczak and Welling, and the recipe that makes it.
@Suite struct TomczakTests {
  private func source() throws -> DataSource { try DataSource("strokes", in: DataFolders([])) }

  private func recipe(passes: Int = PaperRecipe.tomczakPasses) throws -> PaperRecipe {
    .tomczak(of: try source(), passes: passes, seeds: [0, 1])
  }

  @Test func theNumbersAreThoseThatWerePublished() throws {
    let expected: [(String, Int, String, Double, Double?)] = [
      ("mnist", 1, "vamp", 82.43, 0.06), ("mnist", 2, "standard-normal", 82.39, nil),
      ("mnist", 2, "vamp", 81.56, nil), ("binarized-mnist", 1, "vamp", 85.57, nil),
      ("binarized-mnist", 2, "vamp", 83.19, nil), ("omniglot", 1, "vamp", 106.78, nil),
      ("fashion-mnist", 1, "standard-normal", 228.70, nil),
      ("fashion-mnist", 1, "vamp", 227.35, nil),
    ]
    var found = 0
    for data in ["mnist", "binarized-mnist", "omniglot", "fashion-mnist"] {
      let table = try #require(TomczakTable.of(data: data))
      for layers in [1, 2] {
        for prior in ["standard-normal", "mixture", "vamp"] {
          guard let entry = table.entry(layers: layers, prior: prior) else { continue }
          found += 1
          let row = expected.first { ($0.0, $0.1, $0.2) == (data, layers, prior) }
          #expect(entry.value == row?.3 && entry.spread == row?.4, "\(data) \(layers) \(prior)")
          #expect(entry.isTranscribed && entry.isOfOtherModel == (layers == 2))
        }
      }
    }
    #expect(found == expected.count)
    #expect(TomczakTable.of(data: "strokes") == nil)
  }

  @Test func theRecipeIsThePapers() throws {
    let recipe = try recipe()
    let base = recipe.base
    #expect(recipe.publishedPasses == 2000 && base.passes == 2000)
    #expect(base.warmUp == 100 && base.patience == 50 && base.batch == 100)
    #expect(base.schedule == .constant && base.learningRate == 5e-4 && base.optimizer == .usual)
    #expect(base.objective == "vae" && base.samples == 1 && base.groups == 1)
    #expect(base.keep == .best && base.validationSamples == 1 && base.testSamples == 5000)
    #expect(base.priorStart == .mean && base.order == .shuffled && base.binarize == .sample)
    // Strokes have validation images of their own; the sets in MNIST's form do not.
    #expect(base.split == .standard)
    _ = try base.training()
  }

  @Test func ofMNISTTenThousandImagesValidate() {
    let images = Strokes().images(count: 3, seed: 1)
    for (name, split) in [
      ("mnist", .count(10_000)), ("fashion-mnist", .count(10_000)), ("omniglot", .standard),
      ("binarized-mnist", .standard),
    ] as [(String, Split.Rule)] {
      let source = DataSource(name, ImageCollection(training: images))
      #expect(PaperRecipe.tomczak(of: source, seeds: [0]).base.split == split)
    }
  }

  @Test(arguments: [(2000, 100, 50), (1000, 50, 25), (401, 20.05, 11), (40, 2, 5), (1, 0.05, 5)])
  func theCourseIsShortenedInProportion(passes: Int, warmUp: Double, patience: Int) throws {
    let base = try recipe(passes: passes).base
    #expect(base.passes == passes && base.patience == patience)
    #expect(abs(base.warmUp - warmUp) < 1e-12)
  }

  @Test func theRowsAreTheModels() throws {
    let run = PaperRun(tomczak: [1, 2], try recipe(), of: try source())
    #expect(
      run.rows.map(\.title) == [
        "1 layer, standard", "1 layer, mixture", "1 layer, VampPrior", "2 layers, standard",
        "2 layers, mixture",
      ])
    let models = run.rows.map { $0.cells[0].configuration.model }
    #expect(
      models.map { "\($0.prior)" } == [
        "standard-normal", "mixture:500", "vamp:500", "standard-normal", "mixture:500",
      ])
    for (index, model) in models.enumerated() {
      #expect(model.hiddenKind == .gated && model.problem == nil)
      #expect(model.encoder.map(\.latent) == (index < 3 ? [40] : [40, 40]))
      #expect(model.encoder.allSatisfy { $0.hidden == [300, 300] })
      #expect(model.decoder.allSatisfy { $0.hidden == [300, 300] })
    }
    #expect(run.rows.allSatisfy { $0.cells.map(\.configuration.seed) == [0, 1] })
    #expect(Set(run.rows.flatMap { $0.cells.map(\.name) }).count == 10)
    // A shorter course is none that another could go on from.
    #expect(run.folder == "runs/reproduce-tomczak-strokes")
    let short = PaperRun(tomczak: [1], try recipe(passes: 40), of: try source())
    #expect(short.folder == "runs/reproduce-tomczak-strokes-40" && short.rows.count == 3)
  }

  @Test func numbersOfOtherModelsAreShownAndJudgeNothing() throws {
    var published = Published(82.39, isTranscribed: true)
    published.isOfOtherModel = true
    func row(_ title: String, _ ours: Double, _ published: Published) -> ReproductionRow {
      let measure = Measure(
        "NLL", SeedStatistics([ours]), standardError: 0.5, published: published, isPartial: false)
      return ReproductionRow(
        title: title, measures: [measure], activeUnits: nil, publishedActiveUnits: nil,
        runs: [CellResult(seed: 0, run: title)])
    }
    let rows = [row("one", 90, Published(82.43, 0.06)), row("two", 91, published)]
    #expect(abs((rows[1].measures[0].difference ?? 0) - 8.61) < 1e-9)
    #expect(rows[1].measures[0].isInside == nil && rows[1].measures[0].allowed == nil)
    let result = Reproduction(
      paper: "A paper", mode: nil, data: "mnist", passes: 4, publishedPasses: 2000, seeds: 1,
      isPartial: false, rows: rows, notes: [], folder: "f")
    #expect(result.orderedPairs == 0 && result.pairs.isEmpty)
    #expect(result.text.contains("4 of 2,000 passes (0.2%)"))
    #expect(result.text.contains("82.39") && result.text.contains("+8.61  other"))
    #expect(result.text.contains("Other: the published number is of another model."))
  }
}
