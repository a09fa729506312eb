import Compute
import Foundation
import IWAE

extension Command {
  static let train = Command(
    name: "train",
    abstract: "Train a model; with no options, on built-in data for about a minute.",
    options: [
      DataOptions.option, DataOptions.split,
      Option("--out", "folder", help: "The run folder. (default: a new one under runs)"),
      Option("--config", "file", help: "Start from another run's config.json; flags go on top."),
      Option("--resume", "folder", help: "Go on with a run where its newest checkpoint stands."),
      Option("--overwrite", help: "Replace a run that is in the folder already."),
      Option("--passes", "count", help: "Passes over the training images. (default: 20)"),
      Option(
        "--schedule", "name", choices: RunConfiguration.schedules,
        help: "The learning rate: burda, constant or cosine. (default: cosine)"),
      Option(
        "--learning-rate", "rate", help: "Of constant, and at the start of cosine. (default: 0.001)"
      ),
      Option(
        "--optimizer", "name", choices: AdamConvention.allCases.map(\.rawValue),
        help: "Adam as usual, or as in the released IWAE code. (default: usual)"),
      Option("--warm-up", "passes", help: "Passes over which the KL weight rises. (default: 0)"),
      DataOptions.binarize,
      Option(
        "--patience", "passes", help: "Stop after so many passes without a better validation."),
      Option(
        "--validation-samples", "count", help: "Samples of each validation image. (default: 50)"),
      Option("--test-samples", "count", help: "Samples of each test image. (default: 5000)"),
      Option("--seed", "seed", help: "The seed of everything random. (default: 0)"),
    ] + ModelOptions.options + StepOptions.options + StepOptions.limits + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try TrainingRun($0, $1).run() })
}

/// What `--json` prints.
struct TrainReport: Encodable {
  var run: String
  var steps: Int
  var passes: Int
  var bound: Double?
  var validation: Double?
  var trainSeconds: Double
  var evaluation: EvaluationReport?
}

/// One line of the metrics.
struct Metrics: Encodable {
  var step: Int
  var epoch: Int
  var bound: Double
  var learningRate: Double
  var validation: Double?
  var trainSeconds: Double

  /// What TensorBoard draws.
  var scalars: [(tag: String, value: Double)] {
    [("bound", bound), ("learning_rate", learningRate)]
      + (validation.map { [("validation", $0)] } ?? [])
  }
}
