import Artifacts
import Compute
import Datasets
import Files
import Foundation
import IWAE

/// What a run writes while it goes on and when it ends.
extension TrainingRun {
  // MARK: Saving

  static let moments: [(Role, String)] = [
    (.firstMoment, "optimizer.first_moment"), (.secondMoment, "optimizer.second_moment"),
  ]

  /// Saves in the middle of a pass; the trainer's callback cannot throw.
  func attemptSave(_ trainer: Trainer) -> (any Error)? {
    do {
      try save(trainer)
      return nil
    } catch {
      return error
    }
  }

  func save(_ trainer: Trainer) throws {
    let state = try trainer.state()
    // A bound is computed before its step's update, which may have been the one that went wrong.
    guard state.values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw TrainingError.notANumber(
        step: trainer.progress.step, operation: "the optimizer")
    }
    try write(state, trainer, to: folder.checkpoint)
    trainer.keep(state)
    lastSave = ContinuousClock.now
  }

  func write(_ state: [Tensor: [Float]], _ trainer: Trainer, to path: String) throws {
    var extras: [String: [Float]] = [:]
    for (role, prefix) in Self.moments {
      for (tensor, values) in state where tensor.role == role {
        extras["\(prefix).\(tensor.name)"] = values
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let progress = String(decoding: try encoder.encode(trainer.progress), as: UTF8.self)
    let checkpoint = Checkpoint(
      model: configuration.model, parameters: state.filter { $0.key.role == .parameter },
      extras: extras,
      metadata: ["progress": progress, "train_seconds": "\(seconds)"])
    try Files.write(try checkpoint.data, to: path)
  }

  // MARK: Ending

  func conclude(
    _ trainer: Trainer, best: [Tensor: [Float]]?, _ device: any Device
  ) throws -> TrainReport {
    let parameters = try best ?? trainer.state()
    let all = images.split.test
    let activity = images.split.training.first(configuration.activityImages)
    var evaluation = try evaluate(
      configuration.model, parameters.filter { $0.key.role == .parameter },
      all.first(test.limit ?? all.count) ?? all, activity: activity, samples: test.samples,
      device: device, seed: configuration.seed, binarization: training.binarization, line: line,
      interrupt: interrupt)
    line.clear()
    evaluation?.step = trainer.progress.step
    if let evaluation {
      try Files.write(try JSONText.data(evaluation), to: folder.evaluation)
      try record(evaluation, parameters, step: trainer.progress.step, device)
    }
    return TrainReport(
      run: folder.path, steps: trainer.progress.step, passes: trainer.progress.pass,
      bound: lastBound, validation: trainer.progress.bestValidation, trainSeconds: seconds,
      evaluation: evaluation)
  }

  /// Puts the evaluation and some images drawn from the model among the events.
  func record(
    _ evaluation: EvaluationReport, _ parameters: [Tensor: [Float]], step: Int,
    _ device: any Device
  ) throws {
    let generator = Generator(
      configuration.model, parameters: parameters.filter { $0.key.role == .parameter },
      device: device)
    let samples = try generator.samples(count: 64, seed: configuration.seed)
    let shape = images.source.collection.training
    let width = Picture.width(of: shape.width, height: shape.height)
    let grid = Picture(
      images: samples, columns: 8, isScaled: Picture.isScaled(configuration.model)
    ).grid(width: width)
    try events?.scalars(evaluation.scalars, step: step)
    try events?.image(
      "samples", png: try grid.png(), width: grid.width, height: grid.height, step: step)
  }
}
