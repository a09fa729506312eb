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
  /// The checkpoint at which the run goes on; nil for a fresh one.
  public let resumed: Checkpoint?
  public let images: RunImages
  let training: TrainingConfiguration

  /// - Parameters:
  ///   - configuration: Everything that determines it but the images.
  ///   - folder: Where it goes. What is there is replaced unless the run is resumed.
  ///   - resumed: The checkpoint at which it goes on.
  ///   - images: The images, prepared and divided as the configuration says.
  public init(
    _ configuration: RunConfiguration, in folder: RunFolder, resumed: Checkpoint? = nil,
    images: RunImages
  ) throws {
    (self.configuration, self.folder, self.resumed) = (configuration, folder, resumed)
    self.images = images
    training = try configuration.training()
    if let resumed, resumed.model != configuration.model {
      throw FormatError(
        file: folder.checkpoint, problem: "its model is not the one of config.json.")
    }
  }

  /// Trains and evaluates.
  ///
  /// - Parameters:
  ///   - device: Where.
  ///   - reference: Where networks are computed in double precision if the first bound is no number;
  ///     without it the density at fault is not named.
  ///   - observe: Told of each pass when it is made.
  ///   - monitor: Told how far it is; returns whether to go on.
  /// - Returns: Nil if it was stopped while it trained; its report has no evaluation if it was stopped
  ///   later.
  public func train(
    on device: any Device, reference: (any Device)? = nil,
    observe: @escaping (PassReport) -> Void = { _ in },
    monitor: @escaping ProgressMonitor = { _ in true }
  ) throws -> RunReport? {
    try RunSession(self, on: device, observe: observe, monitor: monitor)
      .train(reference: reference)
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
    Work { tell, stopping in
      let device = try open()
      defer { device.close() }
      // Nothing is replaced for nobody.
      if stopping.isRequested { return nil }
      return try train(
        on: device, reference: openReference(), observe: tell,
        monitor: { _ in !stopping.isRequested })
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
  public var trainSeconds: Double
  /// Nil if it was stopped before.
  public var evaluation: EvaluationReport?
}
