import Datasets
import Foundation
import IWAE

extension PaperRecipe {
  /// The most passes of Tomczak and Welling's runs, which their published code ends at; the paper, whose
  /// runs end when validation becomes no better, names no number.
  public static let tomczakPasses = 2000
  /// Of the paper's warm-up.
  private static let warmUpPasses = 100
  /// The passes without a better validation after which the paper's runs end.
  private static let patience = 50
  /// With less patience than this the noise from pass to pass would end runs.
  private static let leastPatience = 5
  /// The components of its mixtures.
  public static let tomczakComponents = 500

  /// Tomczak and Welling's recipe: the best parameters by validation are tested. The whole course of a
  /// shorter run is shortened in proportion.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - passes: The most passes of a run.
  ///   - seeds: One run of each row for each.
  public static func tomczak(
    of source: DataSource, passes: Int = tomczakPasses, seeds: [UInt64]
  ) -> PaperRecipe {
    var recipe = PaperRecipe(of: source, passes: passes, seeds: seeds)
    recipe.publishedPasses = tomczakPasses
    let share = Double(passes) / Double(tomczakPasses)
    recipe.base.split = split(of: source.name)
    recipe.base.model = gated(recipe.base.model, layers: 1, prior: .standardNormal)
    (recipe.base.objective, recipe.base.samples, recipe.base.batch) = ("vae", 1, 100)
    (recipe.base.schedule, recipe.base.learningRate) = (.constant, 5e-4)
    recipe.base.warmUp = Double(warmUpPasses) * share
    recipe.base.patience = max(leastPatience, Int((Double(patience) * share).rounded(.up)))
    // One sample of each validation image, as in the paper, whose bound it is.
    (recipe.base.keep, recipe.base.validationSamples) = (.best, 1)
    recipe.base.priorStart = .mean
    return recipe
  }

  /// The paper's: of the sets in MNIST's form, 10,000 images validate.
  private static func split(of data: String) -> Split.Rule {
    ["mnist", "fashion-mnist"].contains(data) ? .count(10_000) : .standard
  }

  /// The model of so many stochastic layers for the same data.
  private static func gated(_ model: Model, layers: Int, prior: Prior) -> Model {
    Model(
      dataSize: model.dataSize, hiddenKind: .gated, likelihood: model.likelihood,
      encoder: Array(repeating: .init(hidden: [300, 300], latent: 40), count: layers),
      decoder: Array(repeating: .init(hidden: [300, 300]), count: layers), prior: prior)
  }

  /// The rows: each number of layers with the priors that it can have.
  func tomczak(layers: [Int], table: TomczakTable?) -> [PlannedRow] {
    let count = Self.tomczakComponents
    let priors: [(title: String, name: String, prior: Prior)] = [
      ("standard", "standard", .standardNormal), ("mixture", "mixture\(count)", .mixture(count)),
      ("VampPrior", "vamp\(count)", .vamp(count)),
    ]
    return layers.flatMap { layers in
      priors.compactMap { title, name, prior in
        var setting = base
        setting.model = Self.gated(base.model, layers: layers, prior: prior)
        // A VampPrior is of one stochastic layer.
        guard setting.model.problem == nil else { return nil }
        let published = table?.entry(layers: layers, prior: prior.family)
        return PlannedRow(
          title: "\(counted(layers, "layer")), \(title)",
          cells: cells(setting, named: "layers\(layers)-\(name)"),
          nll: published)
      }
    }
  }

  /// Remarks on the recipe, and on what was published.
  func tomczakNotes(layers: [Int], table: TomczakTable?, data: String) -> [String] {
    var notes = [
      "Mixture and VampPrior have \(Self.tomczakComponents) components",
      "Warm-up over \(String(format: "%g", base.warmUp)) passes, and an end after \(base.patience) without a better "
        + "validation: the paper's \(Self.warmUpPasses) and \(Self.patience), in proportion to the "
        + "passes, of which its code makes \(Self.tomczakPasses) at most; a patience is "
        + "\(Self.leastPatience) at least. Passes count from the first, in its code from the end of the warm-up",
    ]
    guard let table else { return notes + ["Nothing was published of '\(data)'"] }
    notes.append("The published numbers were transcribed from later papers' tables")
    guard layers.contains(2) else { return notes }
    let other = table.entry(layers: 2, prior: "vamp")
    return notes + [
      "The paper's model of two layers is another: there z1 is drawn given x and z2, here layers are a "
        + "chain. Its numbers are shown and not judged. Its VampPrior is over z2; ours is of one layer"
        + (other.map { ", and that row, published as \($0.value), is not there" } ?? "")
    ]
  }
}
