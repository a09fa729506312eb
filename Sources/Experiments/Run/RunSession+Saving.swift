import Artifacts
import Compute
import Files
import Foundation
import IWAE

/// The files that a run writes while it goes on and when it ends.
extension RunSession {
  /// What lies beside parameters, and how a checkpoint calls it.
  static let companions: [Role: String] = [
    .firstMoment: "optimizer.first_moment", .secondMoment: "optimizer.second_moment",
    .average: Checkpoint.averagePrefix, .state: "optimizer.estimator_mix",
  ]

  /// The name of a tensor of a run's state in a checkpoint.
  static func name(of tensor: Tensor) -> String {
    companions[tensor.role].map { "\($0).\(tensor.name)" } ?? tensor.name
  }

  /// Saves the newest checkpoint; returns what it holds.
  @discardableResult
  func save() throws -> [Tensor: [Float]] {
    let state = try trainer.state()
    // A bound is computed before its step's update, which may have been the one that went wrong.
    guard state.isFinite else {
      // Whoever goes on all the same finds it before the pass ends.
      if run.configuration.onNaN != .stop { return state }
      throw TrainingError.notANumber(step: trainer.progress.step, operation: "the optimizer")
    }
    // A run that goes on from the checkpoint does not make these again.
    if isFirst {
      for file in [run.folder.metrics, events?.path].compactMap(\.self) { try Files.sync(file) }
    }
    digest = try write(state, to: run.folder.checkpoint) ?? digest
    trainer.keep(state)
    lastSave = ContinuousClock.now
    return state
  }

  /// Writes a checkpoint, on the first rank alone.
  ///
  /// - Returns: The digest of its tensors.
  @discardableResult
  func write(_ state: [Tensor: [Float]], to path: String) throws -> String? {
    guard isFirst else { return nil }
    var extras: [String: [Float]] = [:]
    for (tensor, values) in state where tensor.role != .parameter {
      extras[Self.name(of: tensor)] = values
    }
    func text(_ progress: TrainingProgress) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(progress), as: UTF8.self)
    }
    var metadata = ["progress": try text(trainer.progress), "train_seconds": "\(seconds)"]
    if let origin = trainer.passOrigin {
      metadata[Checkpoint.originKey] = try text(origin.progress)
      for (tensor, values) in origin.state {
        extras[Checkpoint.originName(of: tensor)] = values
      }
    }
    let checkpoint = Checkpoint(
      model: run.configuration.model, parameters: state.filter { $0.key.role == .parameter },
      standardization: run.images.split.training.standardization, extras: extras,
      metadata: metadata)
    let file = try checkpoint.file
    try Files.write(file.data, to: path, mode: run.folder.permissions)
    return file.metadata[Checkpoint.digestKey]
  }

  /// Puts the evaluation and some images drawn from the model among the events.
  func record(
    _ evaluation: EvaluationReport, _ parameters: [Tensor: [Float]], step: Int
  ) throws {
    let configuration = run.configuration
    let labels = Picture.labels(configuration.model, columns: 8)
    let samples = try Generator(configuration.model, parameters: parameters, device: device)
      .samples(count: labels?.count ?? 64, seed: configuration.seed, labels: labels)
    let shape = run.images.source.collection.training
    let grid = Picture(
      images: samples, columns: 8, of: configuration.model,
      run.images.split.training.standardization
    ).grid(width: Picture.width(of: shape.width, height: shape.height))
    try events?.scalars(evaluation.scalars, step: step)
    try events?.image(
      "samples", png: try grid.png(), width: grid.width, height: grid.height, step: step)
  }
}

extension [Tensor: [Float]] {
  /// What the file of the best holds of a state: all of it, or the averages alone where there are any.
  var best: [Tensor: [Float]] { contains { $0.key.role == .average } ? tested : self }
}
