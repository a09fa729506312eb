import IWAE

/// The settings that all rows of a paper's table share.
public struct PaperRecipe {
  public var base: RunConfiguration
  public var seeds: [UInt64]
  /// The passes of all of the paper's training.
  public internal(set) var publishedPasses = LearningRate.burdaPasses

  /// The papers' recipe: all training images train, and the last parameters are tested.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - passes: The first passes of the papers'.
  ///   - seeds: One run of each row for each.
  ///   - testSamples: Samples of each test image.
  ///   - limit: The first test images that are tested; 0 for all.
  public init(
    of source: DataSource, passes: Int = LearningRate.burdaPasses, seeds: [UInt64],
    testSamples: Int = 5000, limit: Int = 0
  ) {
    var model = Model.burda1(dataSize: source.collection.training.width)
    model.likelihood = source.likelihood
    base = RunConfiguration(
      data: source.name, split: .full, model: model, passes: passes, schedule: .burda,
      keep: .last, testSamples: testSamples, limit: limit)
    self.seeds = seeds
  }

  /// A run for each seed.
  func cells(_ setting: RunConfiguration, named name: String) -> [Cell] {
    seeds.map { Cell(name: "\(name)-seed\($0)", configuration: setting.seeded($0)) }
  }
}

extension PaperRecipe {
  /// The rows of Burda et al. for each number of layers, objective and number of samples.
  public func burda(
    layers: [Int], objectives: [String], samples: [Int], table: BurdaTable?
  ) -> [PlannedRow] {
    layers.flatMap { layers in
      samples.flatMap { samples in
        objectives.map { objective in
          var setting = base
          if layers == 2 {
            setting.model = .burda2(dataSize: base.model.dataSize)
            setting.model.likelihood = base.model.likelihood
          }
          // Of one sample both bounds are the same: one run serves both.
          setting.objective = .named(samples == 1 ? "iwae" : objective)
          setting.samples = samples
          let published = table?.entry(layers: layers, objective: objective, samples: samples)
          return PlannedRow(
            title:
              "\(counted(layers, "layer")), \(objective.uppercased()), k=\(samples)",
            cells: cells(setting, named: "layers\(layers)-\(setting.settingName)"),
            nll: published.map { Published($0.nll) },
            publishedActiveUnits: published?.activeUnits)
        }
      }
    }
  }

  /// The samples of Rainforth et al.'s bound.
  public static let rainforthSamples = 64

  /// The rows of Rainforth et al.
  ///
  /// - Parameter isPublished: True if the paper has numbers of these images.
  public func rainforth(isPublished: Bool) -> [PlannedRow] {
    RainforthEntry.all.map { entry in
      var setting = base
      setting.objective = .named(entry.objective)
      (setting.groups, setting.samples, setting.beta) = (entry.groups, entry.samples, entry.beta)
      return PlannedRow(
        title: entry.title, cells: cells(setting, named: "layers1-\(setting.settingName)"),
        measures: { entry.measures($0, isPublished: isPublished, isPartial: $1) })
    }
  }
}
