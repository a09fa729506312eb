import Artifacts
import Compute
import Foundation
import IWAE

extension Command {
  static let train = Command(
    name: "train",
    abstract: "Train a model; with no options, on built-in data for about a minute.",
    options: [
      DataOptions.option,
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
    ] + ModelOptions.options + StepOptions.options + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try TrainingRun($0, $1).run() })
}

/// What `--json` prints.
private struct TrainReport: Encodable {
  var run: String
  var steps: Int
  var passes: Int
  var bound: Double?
  var validation: Double?
  var trainSeconds: Double
  var evaluation: EvaluationReport?
}

/// One line of the metrics.
private struct Metrics: Encodable {
  var step: Int
  var epoch: Int
  var bound: Double
  var learningRate: Double
  var validation: Double?
  var trainSeconds: Double
}

/// A training run from flags to run folder.
private final class TrainingRun {
  private let arguments: ParsedArguments
  private let terminal: Terminal
  private let configuration: RunConfiguration
  private let training: TrainingConfiguration
  private let folder: RunFolder
  private let resumed: Checkpoint?
  private let line: ProgressLine
  private let interrupt = Interrupt()
  private var seconds = 0.0
  private var lastBound: Double?
  private var lastSave = ContinuousClock.now
  private var saveProblem: (any Error)?

  init(_ arguments: ParsedArguments, _ terminal: Terminal) throws {
    self.arguments = arguments
    self.terminal = terminal
    line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
    let resume = arguments.string("--resume")
    if resume != nil, arguments.string("--config") ?? arguments.string("--out") != nil {
      throw arguments.error("'--resume' names the run; leave out '--config' and '--out'.")
    }
    let base = resume.map { RunFolder($0).configuration } ?? arguments.string("--config")
    configuration = try Self.configuration(arguments, base: base, isResumed: resume != nil)
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

  /// A configuration file, or the defaults, with the flags on top.
  private static func configuration(
    _ arguments: ParsedArguments, base: String?, isResumed: Bool
  ) throws -> RunConfiguration {
    var result = RunConfiguration()
    if let base {
      let data = try Inputs.read(base)
      do {
        result = try JSONDecoder().decode(RunConfiguration.self, from: data)
      } catch {
        throw Inputs.bad(base, Checkpoint.words(error))
      }
    }
    let fixed = arguments.given.subtracting([
      "--resume", "--passes", "--patience", "--backend", "--device", "--json", "--quiet",
      "--test-samples",
    ])
    if isResumed, let flag = fixed.sorted().first {
      throw arguments.error("'\(flag)' cannot change when a run is resumed.")
    }
    result.data = arguments.string("--data") ?? result.data
    let describes = ["--model", "--layers", "--data-size"].contains { arguments.string($0) != nil }
    if describes || !result.modelIsGiven {
      let width = try arguments.string("--data-size") == nil ? dataWidth(result.data) : nil
      result.model = try ModelOptions.model(arguments, dataSize: width)
      if result.data == "linear-gaussian", arguments.string("--likelihood") == nil {
        result.model.likelihood = .gaussian
      }
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
    return result
  }

  private static func dataWidth(_ name: String) throws -> Int {
    switch name {
    case "strokes": 784
    case "linear-gaussian": 12
    default: try DataOptions.file(name).width
    }
  }

  /// The first free name under `runs`.
  private static func newFolder(_ configuration: RunConfiguration) -> String {
    let data = URL(fileURLWithPath: configuration.data).deletingPathExtension().lastPathComponent
    let name = "runs/\(data)-\(configuration.objective)-\(configuration.samples)"
    var number = 1
    while FileManager.default.fileExists(atPath: number == 1 ? name : "\(name)-\(number)") {
      number += 1
    }
    return number == 1 ? name : "\(name)-\(number)"
  }

  func run() throws -> ExitCode {
    let split = try DataOptions.split(configuration.data)
    try DataOptions.check(split.training, configuration.model, configuration.data)
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
    if !line.isSilent {
      line.keep(
        "\(configuration.objective) on \(configuration.data): \(split.training.count) images, "
          + "\(configuration.passes) passes, on \(device.name). Run folder: \(folder.path)")
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

  private func isOutOfPatience(_ trainer: Trainer) -> Bool {
    configuration.patience > 0 && trainer.progress.passesSinceBest >= configuration.patience
  }

  // MARK: Starting

  private func makeTrainer(
    _ split: DataOptions.Split, _ device: any Device
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
          throw Inputs.bad(
            folder.checkpoint, "tensor '\(prefix).\(parameter.name)': it is missing or too short.")
        }
        state[parameter.counterpart(role)] = values
      }
    }
    guard let text = resumed.metadata["progress"],
      let progress = try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    else { throw Inputs.bad(folder.checkpoint, "expected the run's progress in its metadata.") }
    guard
      Trainer.isPossible(
        progress, images: split.training.count, batchSize: configuration.batch),
      state.values.allSatisfy({ $0.allSatisfy(\.isFinite) })
    else {
      throw Inputs.bad(
        folder.checkpoint,
        "its progress (step \(progress.step), pass \(progress.pass), batch "
          + "\(progress.batch)) or its moments do not fit the run: the file is damaged, or the data changed."
      )
    }
    seconds = resumed.metadata["train_seconds"].flatMap(Double.init) ?? 0
    try Inputs.wrap { () throws(FileAccessError) in
      try folder.truncateMetrics(afterStep: progress.step)
    }
    return try Trainer(
      configuration.model, training, images: split.training, validation: split.validation,
      device: device, state: state, progress: progress)
  }

  private func resumedBest(_ trainer: Trainer) throws -> [Tensor: [Float]]? {
    guard resumed != nil, FileManager.default.fileExists(atPath: folder.best) else { return nil }
    return try Inputs.checkpoint(folder.best).parameters
  }

  private func writeConfiguration() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Inputs.write(
      try encoder.encode(configuration) + Data("\n".utf8), to: folder.configuration)
  }

  // MARK: Passes

  private func trainPass(_ trainer: Trainer) throws -> PassReport? {
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
    try Inputs.wrap { () throws(FileAccessError) in try folder.append(metrics) }
    let steps = Double(max(trainer.progress.step - begin.step, 1))
    show(
      trainer, bound: report.bound,
      secondsAStep: (clock.now - begin.time) / .seconds(1) / steps)
    return report
  }

  private func show(_ trainer: Trainer, bound: Double, secondsAStep: Double) {
    let total = Double(configuration.passes) * Double(trainer.batchesPerPass)
    let left = (total - Double(trainer.progress.step)) * secondsAStep
    line.show(
      "pass \(min(trainer.progress.pass + 1, configuration.passes)) of \(configuration.passes)  "
        + "bound \(String(format: "%.2f", bound))  "
        + "\(String(format: "%.0f", Double(trainer.batchSize) / secondsAStep)) images/s  "
        + "\(readable(.seconds(left))) left")
  }

  // MARK: Saving

  private static let moments: [(Role, String)] = [
    (.firstMoment, "optimizer.first_moment"), (.secondMoment, "optimizer.second_moment"),
  ]

  /// Saves in the middle of a pass; the trainer's callback cannot throw.
  private func attemptSave(_ trainer: Trainer) -> (any Error)? {
    do {
      try save(trainer)
      return nil
    } catch {
      return error
    }
  }

  private func save(_ trainer: Trainer) throws {
    let state = try openCLErrors { try trainer.state() }
    // A bound is computed before its step's update, which may have been the one that went wrong.
    guard state.values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw TrainingError.notANumber(
        step: trainer.progress.step, operation: "the optimizer")
    }
    try write(state, trainer, to: folder.checkpoint)
    trainer.keep(state)
    lastSave = ContinuousClock.now
  }

  private func write(_ state: [Tensor: [Float]], _ trainer: Trainer, to path: String) throws {
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
    try Inputs.write(try checkpoint.data, to: path)
  }

  // MARK: Ending

  private func conclude(
    _ trainer: Trainer, best: [Tensor: [Float]]?, _ split: DataOptions.Split,
    _ device: any Device
  ) throws -> ExitCode {
    let parameters = try best ?? openCLErrors { try trainer.state() }
    let samples = try arguments.integer("--test-samples", default: 5000)
    let evaluation = try evaluate(
      configuration.model, parameters.filter { $0.key.role == .parameter }, split.test,
      samples: samples, device: device, seed: configuration.seed,
      binarization: training.binarization, line: line, interrupt: interrupt)
    line.clear()
    let report = TrainReport(
      run: folder.path, steps: trainer.progress.step, passes: trainer.progress.pass,
      bound: lastBound, validation: trainer.progress.bestValidation, trainSeconds: seconds,
      evaluation: evaluation)
    if arguments.has("--json") {
      try terminal.json(report)
    } else {
      let picture = best == nil ? "checkpoint" : "best"
      try terminal.output(
        """
        Trained \(report.steps) steps in \(readable(.seconds(seconds)))\
        \(lastBound.map { String(format: ", bound %.2f in the last pass", $0) } ?? "").
        Test: \(evaluation?.text ?? "interrupted")
        In \(folder.path): config.json, metrics.jsonl, checkpoint.safetensors, best.safetensors
        Next: iwae-gpu sample \(folder.path)/\(picture).safetensors
              iwae-gpu reconstruct \(folder.path)/\(picture).safetensors
              iwae-gpu train --resume \(folder.path) --passes \(configuration.passes + 20)
        """)
    }
    return evaluation == nil ? .interrupted : .done
  }
}
