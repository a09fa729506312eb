import Commands
import Compute
import Experiments
import Foundation
import IWAE

extension Command.Option {
  /// The flag of a setting.
  init(_ setting: Setting) {
    self.init(
      setting.flag, short: setting.short, setting.placeholder, choices: setting.choices,
      negation: setting.negation, help: setting.help)
    examples = setting.examples
    group = Self.groups.first { $0.settings.contains { $0.key == setting.key } }?.name ?? ""
  }

  /// The headings that help shows settings under.
  private static let groups: [(name: String, settings: [Setting])] = [
    ("Data", Setting.data), ("Course of training", Setting.course), ("Tests", Setting.testing),
    ("Limits", Setting.limits), ("Of some objectives", Setting.ofObjectives),
    ("Objective", Setting.step),
  ]

  /// The flag of the setting of a key.
  init(of key: String) {
    guard let setting = Setting.named(key) else { preconditionFailure("no setting '\(key)'") }
    self.init(setting)
  }
}

extension RunConfiguration {
  /// Puts the flags of some settings on top.
  mutating func apply(_ arguments: ParsedArguments, _ settings: [Setting]) throws {
    for setting in settings {
      guard let text = arguments.string(setting.flag) else { continue }
      try set(setting, to: setting.isDescribed ? try ObjectiveOptions.text(text) : text)
    }
  }

  /// Puts the flags of some settings and of the model on top.
  ///
  /// - Parameter source: The data, which say how large a model is and which likelihood suits.
  mutating func apply(
    _ arguments: ParsedArguments, _ settings: [Setting] = Setting.all, source: DataSource
  ) throws {
    let describes = ["--model", "--layers", "--data-size"].contains { arguments.string($0) != nil }
    if describes || !modelIsGiven {
      let isSized = arguments.string("--data-size") != nil
      let given = modelIsGiven ? model : nil
      model = try ModelOptions.model(
        arguments, dataSize: isSized ? nil : source.collection.training.width)
      if arguments.string("--likelihood") == nil { model.likelihood = source.likelihood }
      if let given { model.keepDensities(of: given, but: arguments) }
    } else {
      try ModelOptions.apply(arguments, to: &model)
    }
    if let problem = model.problem { throw arguments.error("The model: \(problem)") }
    try DataOptions.checkBinarization(arguments, model)
    try applyImages(arguments)
    try apply(arguments, settings)
    data = source.name
  }

  /// Puts the flags of the images on top. Other data have other labels, and another mask.
  mutating func applyImages(_ arguments: ParsedArguments) throws {
    if arguments.string("--data") != nil { (labels, mask) = ("", "") }
    try apply(arguments, ["data", "labels", "mask", "test"].compactMap(Setting.named))
  }
}

extension Model {
  /// Takes over all but the sizes of a model that was given, and what flags name.
  fileprivate mutating func keepDensities(of given: Model, but arguments: ParsedArguments) {
    if arguments.string("--likelihood") == nil { likelihood = given.likelihood }
    if arguments.string("--prior") == nil { prior = given.prior }
    if arguments.string("--condition") == nil { condition = given.condition }
    if arguments.string("--hidden-kind") == nil { hiddenKind = given.hiddenKind }
    if arguments.string("--activation") == nil { activation = given.activation }
    let posteriors = Set(given.encoder.map(\.posterior))
    if arguments.string("--posterior") == nil, posteriors.count == 1, let one = posteriors.first {
      for layer in encoder.indices { encoder[layer].posterior = one }
    }
  }
}

/// The flags that describe a training run but for its objective, its samples and its seed.
enum RunOptions {
  static let settings = Setting.data + Setting.course + Setting.testing + Setting.limits

  static let options =
    (Setting.data + Setting.course + Setting.testing).map(Command.Option.init)
    + ModelOptions.options + Setting.limits.map(Command.Option.init)
}

/// The flags that describe a training step.
enum StepOptions {
  /// The objective and its samples.
  static let objective = Setting.step.map(Command.Option.init)
  /// The batch and the objective.
  static let options = [Command.Option(of: "batch")] + objective
  /// The limits of a step.
  static let limits = [Command.Option(of: "memory"), Command.Option(of: "backward_samples")]

  /// The step that the flags describe.
  ///
  /// - Parameters:
  ///   - batch: The images; as many as the flags say unless given.
  ///   - samples: Samples of each group unless the flags say.
  static func settings(
    _ arguments: ParsedArguments, batch: Int? = nil, samples: Int = 50
  ) throws -> RunConfiguration {
    var settings = RunConfiguration(samples: samples)
    try settings.apply(arguments, Setting.limits + Setting.step + [.seed])
    if let batch { settings.batch = batch }
    _ = try settings.training()
    return settings
  }
}
