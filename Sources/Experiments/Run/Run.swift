import Artifacts
import Compute
import Files
import IWAE

/// A training run, from its configuration to its folder.
///
///     let source = try DataSource("strokes", in: DataFolders(environment: [:]))
///     let configuration = RunConfiguration(objective: "iwae", samples: 50, passes: 10)
///     let run = try Run(
///       configuration, in: RunFolder("runs/first"), images: RunImages(source, for: configuration))
///     let report = try run.train(on: ReferenceDevice())
public struct Run: Sendable {
  public let configuration: RunConfiguration
  public let folder: RunFolder
  public let images: RunImages
  /// The checkpoint at which the run goes on; nil for a fresh one.
  let resumed: Checkpoint?
  /// True if it goes on in its folder.
  public var isResumed: Bool { resumed != nil }
  /// The checkpoint of another run, from which a new one goes on.
  let continued: Checkpoint?
  /// True if it is new and goes on from another run.
  public var isContinuation: Bool { continued != nil }
  let training: TrainingConfiguration
  /// What a new run begins with; nil where all of its parameters are fresh, and of one that goes on.
  public let warmStart: WarmStart?
  /// The newest checkpoint of the folder when the run was described.
  let found: TrainingRecord?

  /// A fresh run.
  ///
  /// - Parameters:
  ///   - configuration: Everything that determines it but the images.
  ///   - folder: The folder that it leaves. What is there is replaced.
  ///   - images: The images, prepared and divided as the configuration says.
  public init(
    _ configuration: RunConfiguration, in folder: RunFolder, images: RunImages
  ) throws {
    try self.init(configuration, in: folder, resumed: nil, found: folder.record, images)
  }

  /// A run that goes on where the newest checkpoint of its folder stands, or begins again if it was
  /// killed before there was one.
  ///
  ///     let run = try Run(resuming: RunFolder("runs/first"), images: source) { $0.passes = 40 }
  ///
  /// - Parameters:
  ///   - folder: Its folder.
  ///   - source: Its images.
  ///   - change: Changes its configuration, of which only what `Setting.canChange` says may change.
  public init(
    resuming folder: RunFolder, images source: DataSource,
    change: (inout RunConfiguration) throws -> Void = { _ in }
  ) throws {
    var configuration = try RunConfiguration(file: folder.configuration)
    try change(&configuration)
    try self.init(
      resuming: folder, as: configuration, images: try RunImages(source, for: configuration))
  }

  /// A run that goes on, as a configuration says that may differ only in what can change.
  init(
    resuming folder: RunFolder, as configuration: RunConfiguration, images: RunImages
  ) throws {
    let found = folder.record
    let stored = try RunConfiguration(file: folder.configuration)
    let difference = stored.identity?.difference(of: images)
    for setting in Setting.all where !setting.canChange {
      let (before, after) = (setting.text(stored), setting.text(configuration))
      // The same images may have moved.
      let isTheSame = setting.isOfData && stored.identity != nil && difference == nil
      let remedy =
        setting.key == "init"
        ? "." : ". A new run that goes on from this one may have another: '--out' names its folder."
      guard before == after || isTheSame else {
        throw ConfigurationError(
          "'\(setting.isOfData ? setting.flag : setting.key)' cannot change when a run is resumed: it "
            + "was \(before) and is \(after) now"
            + (setting.isOfData ? (difference.map { ", and \($0) then." } ?? ".") : remedy))
      }
    }
    if let difference { throw images.source.changed(difference) }
    guard stored.model == configuration.model else {
      throw ConfigurationError(
        "The model cannot change when a run is resumed: it was \(stored.model.layersText) and is "
          + "\(configuration.model.layersText) now, or has other densities.")
    }
    var configuration = configuration
    configuration.source.origin = stored.origin
    if !folder.hasCheckpoint, let origin = stored.origin, origin.step != nil {
      try self.init(configuration, in: folder, from: origin, images)
      return
    }
    try self.init(
      configuration, in: folder,
      resumed: folder.hasCheckpoint ? try Checkpoint(file: folder.checkpoint) : nil, found: found,
      images)
  }

  init(
    _ configuration: RunConfiguration, in folder: RunFolder, resumed: Checkpoint? = nil,
    continued: Checkpoint? = nil, found: TrainingRecord?, _ images: RunImages
  ) throws {
    let start = resumed ?? continued
    if let difference = configuration.difference(of: images) {
      throw images.source.changed(difference, isForNewRun: true)
    }
    if start == nil, let origin = configuration.origin, origin.step != nil {
      throw ConfigurationError(
        "This configuration is of a run that went on from '\(origin.path)': begin it with '--resume "
          + "\(origin.path) --out' and a folder, and the settings that were changed.")
    }
    let isWarm = start == nil && !configuration.initial.isEmpty
    warmStart =
      isWarm ? try WarmStart(configuration.initial, for: configuration.model) : nil
    if let warmStart, let origin = configuration.origin, origin.path == warmStart.path,
      origin.digest != warmStart.digest
    {
      throw ConfigurationError(
        "'\(warmStart.path)' holds other parameters than this run began with. Begin a new one with "
          + "'--init' of the file that you mean.")
    }
    var identified = configuration
    (identified.source.identity, identified.source.named) = (images.identity, [])
    if start == nil { identified.source.origin = warmStart?.origin }
    (self.configuration, self.folder, self.resumed) = (identified, folder, resumed)
    self.continued = continued
    (self.found, self.images) = (found, images)
    training = try configuration.training()
    try configuration.checkLeaves(images: images.split.training.count)
    if images.split.validation == nil, let problem = configuration.needOfValidation {
      // Runs of a version that took it are gone on with: they make all their passes.
      guard resumed != nil, configuration.schedule != .plateau else {
        throw ConfigurationError(
          "\(problem), and '--split' \(configuration.split.text) leaves no images to validate on. Choose "
            + "another of the two.")
      }
    }
    if configuration.finetune == .encoder, start == nil {
      let given = warmStart?.parameters ?? [:]
      let lacking = configuration.model.generativeParameters.filter { given[$0] == nil }
      guard lacking.isEmpty else {
        throw ConfigurationError(
          "'--finetune' encoder holds the model still, and of its parameters \(lacking.count) would be "
            + "random, as '\(lacking[0].name)'. Begin with '--init' of a file that has them, or go on "
            + "from a run with '--resume' and '--out'.")
      }
      if let warmStart, let other = warmStart.model, other != configuration.model {
        throw ConfigurationError(
          "'--finetune' encoder holds the model of '\(warmStart.path)', which is another, of "
            + "\(other.layersText): ask for the same layers, activation and densities as there.")
      }
    }
    let batches = Trainer.batchesPerPass(
      images: images.split.training.count, batchSize: configuration.batch)
    let isEndless = resumed == nil && configuration.patience == 0
    guard !isEndless || configuration.passes <= Trainer.mostSteps / batches else {
      throw ConfigurationError(
        "'passes': \(configuration.passes) passes of \(batches) batches are more than the "
          + "\(Trainer.mostSteps) steps that noise has addresses for. Ask for fewer passes, or larger "
          + "batches.")
    }
    if let continued, continued.model != configuration.model {
      throw ConfigurationError(
        "A run that goes on from another has its model, which was "
          + "\(continued.model.layersText) and is \(configuration.model.layersText) now, or has other "
          + "densities. '--init' begins a run with the parameters that fit.")
    }
    if let resumed, resumed.model != configuration.model {
      throw FormatError(
        file: folder.checkpoint, problem: "its model is not the one of config.json.")
    }
    if let start, start.standardization != images.split.training.standardization {
      throw FormatError(
        file: startFile,
        problem: "its data were standardized by other means and deviations than those of the "
          + "training images: the data changed.")
    }
  }

  /// The checkpoint from which it goes on.
  var startFile: String {
    RunFolder(continued == nil ? folder.path : configuration.origin?.path ?? "").checkpoint
  }

  /// Trains and evaluates, once: whoever wants more describes the run anew, as one that goes on.
  ///
  /// - Parameters:
  ///   - device: The device that trains and evaluates.
  ///   - reference: The device that audits compare with, and that computes networks in double
  ///     precision if the first bound is no number; without it the density at fault is not named, and
  ///     a run that is to be audited is refused.
  ///   - observe: Told of each pass when it is made.
  ///   - monitor: Told how far it is; returns whether to go on.
  /// - Returns: Nil if it was stopped while it trained; its report has no evaluation if it was stopped
  ///   later.
  public func train(
    on device: any Device, reference: (any Device)? = nil,
    observe: @escaping (PassReport) -> Void = { _ in },
    monitor: @escaping ProgressMonitor = { _ in true }
  ) throws -> RunReport? {
    try RunSession(
      self, on: device, reference: reference, observe: observe, monitor: monitor
    ).train()
  }

  /// Training on a thread of its own, which tells of each pass when it is made. Its outcome is what
  /// `train` returns.
  ///
  ///     for try await pass in run.passes(on: { try OpenCLDevice.open() }) { print(pass.bound) }
  ///
  /// - Parameters:
  ///   - open: Opens the device, on the work's thread: a device serves one thread at a time. The work
  ///     closes it.
  ///   - openReference: Opens what `train` calls the reference, on the same thread.
  public func passes(
    on open: @escaping @Sendable () throws -> any Device,
    reference openReference: @escaping @Sendable () -> (any Device)? = { nil }
  ) -> Work<PassReport, RunReport?> {
    Work(ifNotBegun: nil) { tell, stopping in
      let device = try open()
      defer { device.close() }
      let reference = openReference()
      defer { reference?.close() }
      return try RunSession(
        self, on: device, reference: reference, observe: tell,
        monitor: { _ in !stopping.isRequested }
      ).train(unless: { stopping.isRequested })
    }
  }
}

/// The result of a run.
public struct RunReport: Encodable, Sendable {
  public var run: String
  public var steps: Int
  public var passes: Int
  public var bound: Double?
  public var validation: Double?
  /// The steps that were left out, and the times that the learning rate was halved, because steps gave
  /// no number; nil for none.
  public var skippedSteps: [Int]?
  public var rateHalvings: Int?
  public var trainSeconds: Double
  /// The SHA-256 digest of the newest checkpoint's tensors; nil on ranks that write none.
  public var digest: String?
  /// The mean time until a step's gradients were added up, and their size, where several processes
  /// trained.
  public var reductionMilliseconds: Double?
  public var reductionBytes: Int?
  /// Nil if it was stopped before.
  public var evaluation: EvaluationReport?
  public var backend: String
  public var device: String
}
