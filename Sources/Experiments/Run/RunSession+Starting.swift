import Artifacts
import Compute
import Files
import Foundation
import IWAE

extension Run {
  /// - Parameters:
  ///   - device: The device to train on.
  ///   - reference: Compares, where the run is audited.
  ///   - monitor: Told, before anything is allocated, of steps that take long or much memory.
  /// - Returns: A fresh trainer, or one where the checkpoint stands.
  func makeTrainer(
    on device: any Device, reference: (any Device)?, monitor: ProgressMonitor
  ) throws -> Trainer {
    // Whoever asks to stop is heard before the first step.
    func foretell(_ forecast: StepForecast) {
      _ = monitor(RunProgress(stage: .preparing(forecast), imagesPerSecond: 0, secondsLeft: 0))
    }
    let split = images.split
    guard configuration.audit == 0 || reference != nil else {
      throw ConfigurationError("'audit': there is no reference device to compare with.")
    }
    guard let start = resumed ?? continued else {
      return try Trainer(
        configuration.model, training, images: split.training, validation: split.validation,
        device: device, initial: warmStart?.parameters ?? [:], reference: reference,
        foretell: foretell)
    }
    func bad(_ problem: String) -> FormatError {
      FormatError(file: startFile, problem: problem)
    }
    var state = start.parameters
    for tensor in training.companions(of: configuration.model) {
      let name = RunSession.name(of: tensor)
      let stored = start.extras[name]
      // Averages that another run did not keep begin where it had come to, and what it did not learn is
      // not known.
      let isNew = continued != nil && stored == nil
      if isNew, tensor.role == .state { continue }
      guard
        let values = isNew && tensor.role == .average
          ? state[tensor.counterpart(.parameter)] : stored, values.count == tensor.shape.count
      else { throw bad("tensor '\(name)': it is missing or too short.") }
      state[tensor] = values
    }
    if configuration.finetune == .encoder, let continued { try hold(&state, as: continued) }
    guard let stored = start.progress else {
      throw bad("expected the run's progress in its metadata.")
    }
    let progress = continued == nil ? stored : stored.withOtherSettings
    if let problem = progress.problem(
      images: split.training.count, batchSize: configuration.batch, leaves: configuration.leaves)
    {
      throw bad(
        "its progress: \(problem). The file is damaged, or the data changed"
          + (continued == nil ? "." : ", or '--batch' or '--split' did."))
    }
    try check(state)
    let origin = try passOrigin(in: start, before: progress)
    if let seconds = start.metadata["train_seconds"], start.trainSeconds == nil {
      throw bad("'train_seconds': expected a time in seconds, found '\(seconds)'.")
    }
    return try Trainer(
      configuration.model, training, images: split.training, validation: split.validation,
      device: device, state: state, progress: progress, origin: origin, reference: reference,
      foretell: foretell)
  }

  /// Refuses numbers that no training leaves.
  func check(_ state: [Tensor: [Float]]) throws(FormatError) {
    for (tensor, values) in state {
      // Of what a mix of estimators learnt, the second number sums squares.
      let squares: ArraySlice<Float> =
        switch tensor.role {
        case .secondMoment: values[...]
        case .state: values[1...]
        default: []
        }
      let wrong = values.first { !$0.isFinite } ?? squares.first { $0 < 0 }
      guard let wrong else { continue }
      throw FormatError(
        file: startFile,
        problem: "\(wrong) is among the \(tensor.role)s of '\(tensor.name)': the file is damaged.")
    }
  }
}

extension Run {
  /// Lets the model stand still in a state in which it moved: as it was tested, and with no momentum.
  private func hold(_ state: inout [Tensor: [Float]], as other: Checkpoint) throws {
    // Averages that are not kept any more are what was tested all the same.
    let tested = try other.averaged(isNeeded: false, file: startFile).parameters
    for parameter in configuration.model.generativeParameters {
      state[parameter] = tested[parameter]
      let moment = parameter.counterpart(.firstMoment)
      state[moment] = Array(repeating: 0, count: parameter.shape.count)
    }
  }
}

extension RunSession {
  /// The best parameters so far of a run that goes on.
  var resumedBest: [Tensor: [Float]]? {
    get throws {
      guard let resumed = run.resumed, run.configuration.keep == .best else { return nil }
      if resumed.progress?.isBest == true { return try trainer.state().best }
      guard FileManager.default.fileExists(atPath: run.folder.best) else {
        try run.folder.checkNewestIsBest()
        return nil
      }
      return try run.folder.bestCheckpoint.parameters
    }
  }

  /// Samples of each image that are tried.
  private static let triedSamples = 5

  /// Refuses a model whose bound on the first images is no number: no step would make it one.
  func checkDensities(reference: (any Device)?) throws {
    let (configuration, training) = (run.configuration, run.images.split.training)
    let batch = training.subset(0..<min(trainer.batchSize, training.count))
    let isBinarized = configuration.model.likelihood.isBinarized
    let binarization = isBinarized ? run.training.binarization : .none
    let parameters = try trainer.state().filter { $0.key.role == .parameter }
    let evaluation = try Evaluator(
      configuration.model, parameters: parameters, images: batch, device: device,
      samples: Self.triedSamples, binarization: binarization, seed: configuration.seed
    ).evaluate()
    guard let image = evaluation?.imageLogLikelihoods.firstIndex(where: { !$0.isFinite }) else {
      return
    }
    let pixels = batch.evaluated(image, binarization, seed: configuration.seed)
    var fault = try reference.flatMap {
      try DensityProbe.firstFault(
        configuration.model, parameters: parameters, images: [pixels],
        labels: batch.labels.map { [$0[image]] }, device: $0)
    }
    fault?.image = image
    let finding =
      "log p(x) of image \(image + 1) is \(evaluation?.imageLogLikelihoods[image] ?? .nan) in single "
      + "precision"
      + (reference == nil ? "" : ", and no density was found at fault in double precision")
    let reason =
      fault.map(\.description)
      ?? finding + ". Scale the data, or write the densities so that no part of them overflows."
    throw FormatError(file: configuration.data, problem: "nothing was trained: \(reason)")
  }
}
