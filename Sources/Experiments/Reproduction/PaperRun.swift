import Compute
import Datasets
import Files
import Foundation
import IWAE

/// A paper's table that is to be made: its recipe, its rows and where the runs go.
public struct PaperRun {
  let title: String
  /// The name of the recipe, where a paper has two.
  public let mode: String?
  let source: DataSource
  public let recipe: PaperRecipe
  /// The rows of the table, in its order.
  public let rows: [PlannedRow]
  let boundSamples: Int?
  private(set) var notes: [String]
  public let folder: String

  /// The part of Burda et al.'s table that is made.
  public struct Burda: Sendable {
    public var layers: [Int]
    public var objectives: [String]
    public var samples: [Int]
    /// The recipe of the released code instead of the paper's.
    public var isReleased: Bool
    /// Grey pixels are drawn once instead of afresh in each pass.
    public var isFixed: Bool

    public init(
      layers: [Int] = [1, 2], objectives: [String] = ["vae", "iwae"],
      samples: [Int] = BurdaTable.samples, isReleased: Bool = false, isFixed: Bool = false
    ) {
      self.layers = layers
      self.objectives = objectives
      self.samples = samples
      self.isReleased = isReleased
      self.isFixed = isFixed
    }
  }

  /// Burda et al. (2016).
  ///
  /// - Parameters:
  ///   - burda: The part of their table that is made.
  ///   - recipe: The settings that all rows share.
  ///   - source: The images.
  ///   - folder: The folder of the runs and the table; nil for one of its own under `runs`.
  public init(
    _ burda: Burda, _ recipe: PaperRecipe, of source: DataSource, in folder: String? = nil
  ) {
    var recipe = recipe
    if burda.isReleased { recipe.base.followReleasedCode() }
    if burda.isFixed { recipe.base.binarize = .fixed() }
    let table = BurdaTable.of(data: source.name, isFixed: burda.isFixed)
    rows = recipe.burda(
      layers: burda.layers, objectives: burda.objectives, samples: burda.samples, table: table)
    (self.recipe, self.source, boundSamples) = (recipe, source, nil)
    title = "Burda et al., \(burda.isReleased ? "their released code's" : "the paper's") recipe"
    mode = burda.isReleased ? "released" : "paper"
    notes = ["The divergence of VAE is sampled, so that of one sample it is IWAE: one run is both"]
    if table == nil { notes.append("Nothing was published of '\(source.name)' prepared so") }
    if burda.isFixed && source.name == "mnist" {
      notes.append("The published draw of fixed pixels is binarized-mnist; this one is another")
    }
    self.folder =
      folder
      ?? Self.folder(
        ["burda", source.name] + (burda.isReleased ? ["released"] : [])
          + (burda.isFixed ? ["fixed"] : []))
  }

  /// Rainforth et al. (2018).
  public init(rainforth recipe: PaperRecipe, of source: DataSource, in folder: String? = nil) {
    (self.recipe, self.source, mode) = (recipe, source, nil)
    rows = recipe.rainforth(isPublished: source.name == "mnist")
    boundSamples = PaperRecipe.rainforthSamples
    title = "Rainforth et al."
    notes = [
      "The standard error over images of -KL(Q to P), IWAE-64 minus log p(x), is not known",
      source.name == "mnist"
        ? "The published numbers were transcribed from reproductions of the paper"
        : "Nothing was published of '\(source.name)'",
    ]
    self.folder = folder ?? Self.folder(["rainforth", source.name])
  }

  /// Tomczak and Welling (2018).
  ///
  /// - Parameters:
  ///   - layers: Stochastic layers, 1 or 2.
  ///   - recipe: The settings that all rows share.
  ///   - source: The images.
  ///   - folder: The folder of the runs and the table; nil for one of its own under `runs`.
  public init(
    tomczak layers: [Int], _ recipe: PaperRecipe, of source: DataSource, in folder: String? = nil
  ) {
    (self.recipe, self.source, mode, boundSamples) = (recipe, source, nil, nil)
    let table = TomczakTable.of(data: source.name)
    rows = recipe.tomczak(layers: layers, table: table)
    title = "Tomczak and Welling"
    notes = recipe.tomczakNotes(layers: layers, table: table, data: source.name)
    // Runs of another course cannot go on from each other.
    let passes = recipe.base.passes
    self.folder =
      folder
      ?? Self.folder(
        ["tomczak", source.name] + (passes < recipe.publishedPasses ? ["\(passes)"] : []))
  }

  private static func folder(_ parts: [String]) -> String {
    let parts = parts.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }
    return "runs/reproduce-\(parts.joined(separator: "-"))"
  }

  /// Makes the runs that are not made yet.
  ///
  /// - Parameters:
  ///   - surroundings: The devices and the listeners.
  ///   - ranks: Processes that make them together.
  /// - Returns: The table, and true if nothing was left when the monitor stopped.
  public func run(
    in surroundings: CellRunner.Surroundings, ranks: any Ranks = Launch.ranks
  ) throws -> (report: Reproduction, isWhole: Bool) {
    let images = try RunImages(source, for: recipe.base)
    let runner = try CellRunner(folder, images: images, boundSamples: boundSamples, ranks: ranks)
    var cells: [Cell] = []
    for cell in rows.flatMap(\.cells) where !cells.contains(where: { $0.name == cell.name }) {
      cells.append(cell)
    }
    let isWhole = try runner.run(cells, in: surroundings)
    let (test, all) = (recipe.base.testing, images.split.test.count)
    let isPartial = test.images(of: images.split).count < all
    let report = Reproduction(
      paper: title, mode: mode, data: source.name, passes: recipe.base.passes,
      publishedPasses: recipe.publishedPasses, seeds: recipe.seeds.count, isPartial: isPartial,
      rows: rows.map { $0.row(runner.results, isPartial: isPartial) },
      notes: notes + test.notes(of: all) + source.collection.notes, folder: folder)
    if ranks.isFirst {
      try Files.write(try JSONText.data(report), to: "\(folder)/results.json")
    }
    return (report, isWhole)
  }
}

extension TestSettings {
  /// Remarks on a test that is less thorough than the papers'.
  fileprivate func notes(of images: Int) -> [String] {
    var notes: [String] = []
    if let limit, limit < images {
      notes.append(
        "Only the first \(limit) test images: the papers' numbers are of all, and the first need not "
          + "be like the others. Those of binarized-mnist are sorted by digit")
    }
    if samples != 5000 {
      notes.append(
        "log p(x) is estimated by L_\(samples), the papers' by L_5000: fewer samples estimate it "
          + "too low")
    }
    return notes
  }
}

extension RunConfiguration {
  /// Takes over the ways in which the released code of Burda et al. differs from their paper.
  fileprivate mutating func followReleasedCode() {
    schedule = .burdaReleased
    optimizer = .released
    order = .fixed
    split = .released
    activityImages = 500
  }
}
