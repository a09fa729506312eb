import Artifacts
import Compute
import Datasets
import Files
import Foundation
import IWAE

/// How a run begins: with a fresh trainer, or where a checkpoint stands.
extension TrainingRun {
  func makeTrainer(
    _ split: Split, _ device: any Device
  ) throws -> Trainer {
    guard let resumed else {
      return try Trainer(
        configuration.model, training, images: split.training, validation: split.validation,
        device: device)
    }
    var state = resumed.parameters
    for parameter in configuration.model.parameters {
      for (role, prefix) in Self.moments {
        guard let values = resumed.extras["\(prefix).\(parameter.name)"],
          values.count == parameter.shape.count
        else {
          throw FormatError(
            file: folder.checkpoint,
            problem: "tensor '\(prefix).\(parameter.name)': it is missing or too short.")
        }
        state[parameter.counterpart(role)] = values
      }
    }
    guard let progress = resumed.progress else {
      throw FormatError(
        file: folder.checkpoint, problem: "expected the run's progress in its metadata.")
    }
    guard
      Trainer.isPossible(
        progress, images: split.training.count, batchSize: configuration.batch),
      state.values.allSatisfy({ $0.allSatisfy(\.isFinite) })
    else {
      throw FormatError(
        file: folder.checkpoint,
        problem: "its progress (step \(progress.step), pass \(progress.pass), batch "
          + "\(progress.batch)) or its moments do not fit the run: the file is damaged, or the data changed."
      )
    }
    seconds = resumed.metadata["train_seconds"].flatMap(Double.init) ?? 0
    try folder.truncateMetrics(afterStep: progress.step)
    return try Trainer(
      configuration.model, training, images: split.training, validation: split.validation,
      device: device, state: state, progress: progress)
  }

  func resumedBest(_ trainer: Trainer) throws -> [Tensor: [Float]]? {
    guard resumed != nil, configuration.keep == "best",
      FileManager.default.fileExists(atPath: folder.best)
    else { return nil }
    return try Inputs.checkpoint(folder.best).parameters
  }

  func writeConfiguration() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Files.write(
      try encoder.encode(configuration) + Data("\n".utf8), to: folder.configuration)
  }
}

extension Checkpoint {
  /// How far training had come; nil where the metadata does not say.
  var progress: TrainingProgress? {
    metadata["progress"].flatMap {
      try? JSONDecoder().decode(TrainingProgress.self, from: Data($0.utf8))
    }
  }
}

extension RunConfiguration {
  /// Whether nothing is left to train: all passes are made, or patience ended them.
  func isFinished(at progress: TrainingProgress) -> Bool {
    progress.pass >= passes || patience > 0 && progress.passesSinceBest >= patience
  }
}
