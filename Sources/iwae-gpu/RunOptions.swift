import Compute
import Foundation
import IWAE

/// The flags that describe a training run but for its objective, its samples and its seed.
enum RunOptions {
  static let options =
    [DataOptions.option, DataOptions.split] + course + [DataOptions.binarize] + testing
    + ModelOptions.options + [StepOptions.batch] + StepOptions.limits

  private static let course = [
    Command.Option("--passes", "count", help: "Passes over the training images. (default: 20)"),
    Command.Option(
      "--schedule", "name", choices: RunConfiguration.schedules,
      help: "The learning rate: burda, burda-released (at its code's rounded rates), constant or "
        + "cosine. (default: cosine)"),
    Command.Option(
      "--learning-rate", "rate", help: "Of constant, and at the start of cosine. (default: 0.001)"),
    Command.Option(
      "--order", "order", choices: RunConfiguration.orders,
      help: "The order of images in a pass: shuffled, or fixed. (default: shuffled)"),
    Command.Option(
      "--optimizer", "name", choices: AdamConvention.allCases.map(\.rawValue),
      help: "Adam as usual, or as in the released IWAE code. (default: usual)"),
    Command.Option(
      "--warm-up", "passes", help: "Passes over which the KL weight rises. (default: 0)"),
  ]

  private static let testing =
    [
      Command.Option(
        "--patience", "passes", help: "Stop after so many passes without a better validation."),
      Command.Option(
        "--keep", "which", choices: RunConfiguration.kept,
        help: "The parameters that are tested: the best by validation, or the last. (default: best)"
      ),
      Command.Option(
        "--validation-samples", "count", help: "Samples of each validation image. (default: 50)"),
      Command.Option(
        "--activity-images", "count",
        help: "Count active units on the first training images. (default: on the test images)"),
    ] + tested

  /// How thoroughly a run is tested.
  static let tested = [
    Command.Option(
      "--test-samples", "count", help: "Samples of each test image. (default: 5000)"),
    Command.Option("--limit", "count", help: "Only the first images of the test set."),
  ]

  static func test(_ arguments: ParsedArguments) throws(UsageError) -> TestPlan {
    var plan = TestPlan()
    plan.samples = try arguments.integer("--test-samples", default: plan.samples)
    if arguments.string("--limit") != nil {
      plan.limit = try arguments.integer("--limit", default: 1)
    }
    return plan
  }
}

extension Model {
  /// Takes over the distributions of a model that was given, but for those that flags name.
  fileprivate mutating func keepDensities(of given: Model, but arguments: ParsedArguments) {
    if arguments.string("--likelihood") == nil { likelihood = given.likelihood }
    if arguments.string("--prior") == nil { prior = given.prior }
    let posteriors = Set(given.encoder.map(\.posterior))
    if arguments.string("--posterior") == nil, posteriors.count == 1, let one = posteriors.first {
      for layer in encoder.indices { encoder[layer].posterior = one }
    }
  }
}

extension RunConfiguration {
  /// What names the run.
  var label: String {
    let data = URL(fileURLWithPath: data).deletingPathExtension().lastPathComponent
    return "\(data)-\(objective)-\(samples)"
  }

  /// Puts the flags of `RunOptions` and the seed on top.
  mutating func apply(_ arguments: ParsedArguments, source: DataSource) throws {
    data = source.name
    split = arguments.string("--split") ?? split
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
    try DataOptions.checkBinarization(arguments, model)
    batch = try arguments.integer("--batch", default: batch)
    passes = try arguments.integer("--passes", default: passes, minimum: 0)
    schedule = arguments.string("--schedule") ?? schedule
    order = arguments.string("--order") ?? order
    learningRate = try arguments.number("--learning-rate", default: learningRate, in: 1e-12...1e6)
    optimizer = arguments.string("--optimizer") ?? optimizer
    warmUp = try arguments.number("--warm-up", default: warmUp, in: 0...1e9)
    binarize = arguments.string("--binarize") ?? binarize
    validationSamples = try arguments.integer("--validation-samples", default: validationSamples)
    patience = try arguments.integer("--patience", default: patience, minimum: 0)
    keep = arguments.string("--keep") ?? keep
    activityImages = try arguments.integer("--activity-images", default: activityImages)
    seed = try arguments.seed(default: seed)
    memory = try StepOptions.memoryLimit(arguments) ?? memory
    backwardSamples = try arguments.integer("--backward-samples", default: backwardSamples)
  }

  /// Puts the flags of the objective and its samples on top.
  mutating func applyObjective(_ arguments: ParsedArguments) throws(UsageError) {
    objective = arguments.string("--objective") ?? objective
    estimator = arguments.string("--estimator") ?? estimator
    groups = try arguments.integer("--groups", default: groups)
    samples = try arguments.integer("--samples", default: samples)
    beta = try arguments.number("--beta", default: beta, in: 0...1)
    alpha = try arguments.number("--alpha", default: alpha, in: -100...100)
  }
}
