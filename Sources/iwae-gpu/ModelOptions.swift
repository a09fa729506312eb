import Compute
import IWAE

/// The flags that describe a model and what it is trained on.
enum ModelOptions {
  static let options =
    [
      Command.Option(
        "--model", "model", choices: ["burda-1", "burda-2"],
        help: "A model by name: burda-1 or burda-2, with one or two stochastic layers. "
          + "(default: burda-1)"),
      Command.Option(
        "--data-size", "count", help: "The pixels of an image. (default: 784)"),
      Command.Option(
        "--layers", "sizes",
        help: "Your own model instead: for each stochastic layer upwards from the data, its hidden "
          + "sizes and its latents, as 200,200:50 or 200,200:100/100,100:50. The decoder mirrors "
          + "it."),
      Command.Option(
        "--activation", "function", choices: Model.activations.map { "\($0)" },
        help: "The function of hidden units. (default: tanh)"),
    ] + DensityOptions.options

  /// The model that the flags describe.
  ///
  /// - Parameter dataSize: The pixels of an image, where they are known.
  static func model(
    _ arguments: ParsedArguments, dataSize: Int? = nil
  ) throws -> Model {
    let dataSize = try arguments.integer("--data-size", default: dataSize ?? 784, maximum: 1 << 20)
    var model: Model
    if let text = arguments.string("--layers") {
      if arguments.string("--model") != nil {
        throw arguments.error("'--layers' describes a model of your own; leave out '--model'.")
      }
      model = try layers(text, dataSize: dataSize, arguments)
    } else {
      model =
        arguments.string("--model") == "burda-2"
        ? .burda2(dataSize: dataSize) : .burda1(dataSize: dataSize)
    }
    try apply(arguments, to: &model)
    if let problem = model.problem { throw arguments.error("The model: \(problem)") }
    return model
  }

  /// Changes what the flags say of a model whose layers stand.
  static func apply(_ arguments: ParsedArguments, to model: inout Model) throws {
    if let name = arguments.string("--activation") {
      model.activation = Model.activations.first { "\($0)" == name } ?? model.activation
    }
    try DensityOptions.apply(arguments, to: &model)
  }

  private static func layers(
    _ text: String, dataSize: Int, _ arguments: ParsedArguments
  ) throws(UsageError) -> Model {
    var encoder: [Model.EncoderLayer] = []
    for layer in text.split(separator: "/", omittingEmptySubsequences: false) {
      let parts = layer.split(separator: ":", omittingEmptySubsequences: false)
      let hidden = parts[0].split(separator: ",").map { Int($0) }
      guard parts.count == 2, let latent = Int(parts[1]), !hidden.contains(nil) else {
        throw arguments.error(
          "The value '\(text)' is invalid for '--layers': expected hidden sizes, a colon and a "
            + "number of latents for each layer, as 200,200:50, found '\(layer)'.")
      }
      encoder.append(.init(hidden: hidden.compactMap(\.self), latent: latent))
    }
    return Model(
      dataSize: dataSize, encoder: encoder,
      decoder: encoder.reversed().map { .init(hidden: $0.hidden.reversed()) })
  }
}

/// The flags that describe a training step.
enum StepOptions {
  static let batch = Command.Option(
    "--batch", "count", help: "Images in a batch. (default: 20)")

  /// The batch and the objective.
  static let options = [batch] + objective

  /// How much a step may take.
  static let limits = [
    Command.Option(
      "--memory", "size",
      help: "The most memory for parameters and a step, as 128M or 2G: samples are taken in parts "
        + "that fit. (default: a quarter of the device's)"),
    Command.Option(
      "--backward-samples", "count",
      help: "Walk only so many samples backwards, drawn in proportion to their weights."),
  ]

  /// The limit that the flag sets, in bytes; nil where it is absent.
  static func memoryLimit(_ arguments: ParsedArguments) throws(UsageError) -> Int? {
    guard let text = arguments.string("--memory") else { return nil }
    guard let count = byteCount(text) else {
      throw arguments.error(
        "The value '\(text)' is invalid for '--memory': expected bytes, or a number with K, M, G or "
          + "T, as 128M.")
    }
    return count
  }

  /// The objective and its samples.
  static let objective = [
    Command.Option("--samples", short: "-k", "count", help: "Samples K of each group."),
    Command.Option(
      "--groups", short: "-m", "count", help: "Groups M of samples of each image. (default: 1)"),
    Command.Option(
      "--objective", "name", choices: Objective.names,
      help: "What is ascended: \(Objective.names.joined(separator: ", ")). (default: iwae)"),
    Command.Option(
      "--estimator", "name", choices: Objective.Estimator.allCases.map(\.rawValue),
      help: "How the encoder's gradient is estimated: standard, stl or dreg. (default: standard)"),
    Command.Option("--beta", "share", help: "The share of the ELBO in ciwae. (default: 0.5)"),
    Command.Option("--alpha", "order", help: "The order of renyi. (default: 0.5)"),
  ]

  /// The step that the flags describe, on a batch of the given source.
  static func configuration(
    _ arguments: ParsedArguments, batch: Int, defaultSamples: Int = 50, source: BatchSource
  ) throws(UsageError) -> StepConfiguration {
    let groups = try arguments.integer("--groups", default: 1, maximum: 1 << 20)
    let samples = try arguments.integer("--samples", default: defaultSamples, maximum: 1 << 20)
    let beta = try arguments.number("--beta", default: 0.5, in: 0...1)
    let alpha = try arguments.number("--alpha", default: 0.5, in: -100...100)
    let name = arguments.string("--objective") ?? "iwae"
    let rows = groups * samples
    guard rows <= 1 << 30, batch <= (1 << 30) / rows,
      let objective = Objective(name, beta: beta, alpha: alpha)
    else {
      throw arguments.error(
        "Expected at most \(1 << 30) samples in a step, found \(batch) x \(groups) x \(samples).")
    }
    if let problem = objective.problem { throw arguments.error(problem) }
    if samples < objective.leastSamples {
      throw arguments.error(
        "'\(name)' needs at least \(objective.leastSamples) samples, found \(samples).")
    }
    let estimator = arguments.string("--estimator").flatMap(Objective.Estimator.init(rawValue:))
    if let estimator, estimator != .standard, !objective.hasEstimators {
      throw arguments.error(
        "'\(name)' has no estimator '\(estimator.rawValue)'; leave out '--estimator'.")
    }
    var configuration = StepConfiguration(
      batchSize: batch, groups: groups, samples: samples, objective: objective,
      estimator: estimator ?? .standard, source: source)
    if arguments.string("--backward-samples") != nil {
      configuration.backwardSamples = try arguments.integer(
        "--backward-samples", default: samples, maximum: 1 << 20)
    }
    if let problem = configuration.problem {
      throw arguments.error("'--backward-samples': \(problem).")
    }
    return configuration
  }
}
