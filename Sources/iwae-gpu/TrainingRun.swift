import Artifacts
import Compute
import Datasets
import Foundation
import IWAE

/// A training run from flags to run folder.
final class TrainingRun {
  let arguments: ParsedArguments
  let terminal: Terminal
  let configuration: RunConfiguration
  let source: DataSource
  let testSamples: Int
  let training: TrainingConfiguration
  let folder: RunFolder
  let resumed: Checkpoint?
  let line: ProgressLine
  let interrupt = Interrupt()
  var seconds = 0.0
  var lastBound: Double?
  var lastSave = ContinuousClock.now
  var saveProblem: (any Error)?
  var events: EventFile?

  init(_ arguments: ParsedArguments, _ terminal: Terminal) throws {
    self.arguments = arguments
    self.terminal = terminal
    line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
    testSamples = try arguments.integer("--test-samples", default: 5000)
    let resume = arguments.string("--resume")
    if resume != nil, arguments.string("--config") ?? arguments.string("--out") != nil {
      throw arguments.error("'--resume' names the run; leave out '--config' and '--out'.")
    }
    let base = resume.map { RunFolder($0).configuration } ?? arguments.string("--config")
    let stored = try Self.stored(base)
    source = try DataSource(arguments.string("--data") ?? stored.data)
    configuration = try Self.configuration(
      arguments, stored, source: source, isResumed: resume != nil)
    do throws(ConfigurationError) {
      training = try configuration.training()
    } catch {
      throw base.map { Inputs.bad($0, error.description) } ?? arguments.error(error.description)
    }
    if let resume {
      folder = RunFolder(resume)
      let checkpoint = try Inputs.checkpoint(folder.checkpoint)
      guard checkpoint.model == configuration.model else {
        throw Inputs.bad(folder.checkpoint, "its model is not the one of config.json.")
      }
      resumed = checkpoint
    } else {
      folder = RunFolder(arguments.string("--out") ?? Self.newFolder(configuration))
      resumed = nil
    }
  }

  /// A configuration file, or the defaults.
  static func stored(_ path: String?) throws -> RunConfiguration {
    guard let path else { return RunConfiguration() }
    let data = try Inputs.read(path)
    do {
      return try JSONDecoder().decode(RunConfiguration.self, from: data)
    } catch {
      throw Inputs.bad(path, Checkpoint.words(error))
    }
  }

  /// A configuration with the flags on top.
  static func configuration(
    _ arguments: ParsedArguments, _ stored: RunConfiguration, source: DataSource, isResumed: Bool
  ) throws -> RunConfiguration {
    var result = stored
    let fixed = arguments.given.subtracting([
      "--resume", "--passes", "--patience", "--backend", "--device", "--json", "--quiet",
      "--test-samples", "--memory",
    ])
    if isResumed, let flag = fixed.sorted().first {
      throw arguments.error("'\(flag)' cannot change when a run is resumed.")
    }
    result.data = source.name
    result.split = arguments.string("--split") ?? result.split
    let describes = ["--model", "--layers", "--data-size"].contains { arguments.string($0) != nil }
    if describes || !result.modelIsGiven {
      let isSized = arguments.string("--data-size") != nil
      result.model = try ModelOptions.model(
        arguments, dataSize: isSized ? nil : source.collection.training.width)
      if arguments.string("--likelihood") == nil { result.model.likelihood = source.likelihood }
    } else {
      ModelOptions.apply(arguments, to: &result.model)
    }
    result.objective = arguments.string("--objective") ?? result.objective
    result.estimator = arguments.string("--estimator") ?? result.estimator
    result.groups = try arguments.integer("--groups", default: result.groups)
    result.samples = try arguments.integer("--samples", default: result.samples)
    result.beta = try arguments.number("--beta", default: result.beta, in: 0...1)
    result.alpha = try arguments.number("--alpha", default: result.alpha, in: -100...100)
    result.batch = try arguments.integer("--batch", default: result.batch)
    result.passes = try arguments.integer("--passes", default: result.passes, minimum: 0)
    result.schedule = arguments.string("--schedule") ?? result.schedule
    result.learningRate = try arguments.number(
      "--learning-rate", default: result.learningRate, in: 1e-12...1e6)
    result.optimizer = arguments.string("--optimizer") ?? result.optimizer
    result.warmUp = try arguments.number("--warm-up", default: result.warmUp, in: 0...1e9)
    result.binarize = arguments.string("--binarize") ?? result.binarize
    result.validationSamples = try arguments.integer(
      "--validation-samples", default: result.validationSamples)
    result.patience = try arguments.integer("--patience", default: result.patience, minimum: 0)
    result.seed = try arguments.seed(default: result.seed)
    result.memory = try StepOptions.memoryLimit(arguments) ?? result.memory
    result.backwardSamples = try arguments.integer(
      "--backward-samples", default: result.backwardSamples)
    return result
  }

  /// The first free name under `runs`.
  static func newFolder(_ configuration: RunConfiguration) -> String {
    let data = URL(fileURLWithPath: configuration.data).deletingPathExtension().lastPathComponent
    let name = "runs/\(data)-\(configuration.objective)-\(configuration.samples)"
    var number = 1
    while FileManager.default.fileExists(atPath: number == 1 ? name : "\(name)-\(number)") {
      number += 1
    }
    return number == 1 ? name : "\(name)-\(number)"
  }

  func run() throws -> ExitCode {
    let rule = try DataOptions.binarization(arguments, run: configuration)
    let split = try source.applying(rule, to: configuration.model)
      .split(Split.Rule(configuration.split) ?? .standard, arguments)
    for part in [split.training, split.validation, split.test].compactMap(\.self) {
      try DataOptions.check(part, configuration.model, configuration.data)
    }
    if folder.exists && resumed == nil {
      guard arguments.has("--overwrite") else {
        throw arguments.error(
          "There is a run in '\(folder.path)'. Go on with '--resume \(folder.path)', replace it "
            + "with '--overwrite', or choose another '--out'.")
      }
    }
    let device = try Backend.open(arguments)
    let trainer = try openCLErrors { try makeTrainer(split, device) }
    // Only now, when everything that could be wrong has been tried, does an old run go.
    try Inputs.wrap { () throws(FileAccessError) in try folder.create() }
    if resumed == nil { folder.clear() }
    try writeConfiguration()
    if resumed == nil { try save(trainer) }
    events = try Inputs.wrap { () throws(FileAccessError) in
      try EventFile(
        folder: folder.path, resumedAfterStep: resumed == nil ? nil : trainer.progress.step)
    }
    if !line.isSilent {
      line.keep(
        "\(configuration.objective) on \(configuration.data): \(split.training.count) images, "
          + "\(configuration.passes) passes, on \(device.name). Run folder: \(folder.path)")
      for note in source.collection.notes { line.keep("Note: \(sentence(note))") }
    }
    var best = try resumedBest(trainer)
    do {
      while !trainer.isDone && !isOutOfPatience(trainer) {
        let report = try trainPass(trainer)
        if report?.isBest == true {
          best = try trainer.state()
          try write(best ?? [:], trainer, to: folder.best)
        }
        if report == nil || interrupt.isRequested && !trainer.isDone {
          try save(trainer)
          line.keep("Interrupted and saved. Go on with: iwae-gpu train --resume \(folder.path)")
          return .interrupted
        }
        if ContinuousClock.now - lastSave > .seconds(5) { try save(trainer) }
      }
    } catch let error as TrainingError {
      throw CommandError(
        message: "\(error) The last good checkpoint is in '\(folder.path)'.", code: .failed)
    } catch let error as DeviceError {
      return try Backend.wrap { () throws(DeviceError) in throw error }
    }
    do {
      try save(trainer)
    } catch let error as TrainingError {
      throw CommandError(
        message: "\(error) The last good checkpoint is in '\(folder.path)'.", code: .failed)
    }
    return try conclude(trainer, best: best, split, device)
  }

  func isOutOfPatience(_ trainer: Trainer) -> Bool {
    configuration.patience > 0 && trainer.progress.passesSinceBest >= configuration.patience
  }

  // MARK: Passes

  func trainPass(_ trainer: Trainer) throws -> PassReport? {
    let clock = ContinuousClock()
    let begin = (time: clock.now, step: trainer.progress.step)
    let report = try trainer.finishPass { [self] bound in
      let now = clock.now
      let steps = trainer.progress.step - begin.step
      show(trainer, bound: bound, secondsAStep: (now - begin.time) / .seconds(1) / Double(steps))
      if now - lastSave > .seconds(60), !interrupt.isRequested {
        saveProblem = attemptSave(trainer)
      }
      return !interrupt.isRequested && saveProblem == nil
    }
    if let saveProblem { throw saveProblem }
    seconds += (clock.now - begin.time) / .seconds(1)
    guard let report else { return nil }
    lastBound = report.bound
    let metrics = Metrics(
      step: report.progress.step, epoch: report.progress.pass, bound: report.bound,
      learningRate: report.learningRate, validation: report.validation, trainSeconds: seconds)
    try Inputs.wrap { () throws(FileAccessError) in
      try folder.append(metrics)
      try events?.scalars(metrics.scalars, step: metrics.step)
    }
    let steps = Double(max(trainer.progress.step - begin.step, 1))
    show(
      trainer, bound: report.bound,
      secondsAStep: (clock.now - begin.time) / .seconds(1) / steps)
    return report
  }

  func show(_ trainer: Trainer, bound: Double, secondsAStep: Double) {
    let total = Double(configuration.passes) * Double(trainer.batchesPerPass)
    let left = (total - Double(trainer.progress.step)) * secondsAStep
    line.show(
      "pass \(min(trainer.progress.pass + 1, configuration.passes)) of \(configuration.passes)  "
        + "bound \(String(format: "%.2f", bound))  "
        + "\(String(format: "%.0f", Double(trainer.batchSize) / secondsAStep)) images/s  "
        + "\(readable(.seconds(left))) left")
  }
}
