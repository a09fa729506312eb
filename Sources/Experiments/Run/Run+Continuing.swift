import Artifacts
import Files
import Foundation
import IWAE

extension Run {
  /// A new run that goes on from another's newest checkpoint, with settings that may be others. The other
  /// stays as it is. Which parameters are best, and what lowered the learning rate, counts anew.
  ///
  ///     let run = try Run(
  ///       continuing: RunFolder("runs/first"), in: RunFolder("runs/second"), images: source
  ///     ) { $0.samples = 50 }
  ///
  /// - Parameters:
  ///   - other: The folder of the run to go on from.
  ///   - folder: The folder that the new run leaves. What is there is replaced.
  ///   - source: Its images.
  ///   - change: Changes the other run's configuration, of which all but the model may change that leaves
  ///     the batches of a pass as many.
  public init(
    continuing other: RunFolder, in folder: RunFolder, images source: DataSource,
    change: (inout RunConfiguration) throws -> Void = { _ in }
  ) throws {
    var configuration = try RunConfiguration(file: other.configuration)
    // What the other run began with is behind it.
    configuration.initial = ""
    try change(&configuration)
    let path = DataPath.absoluteFile(other.path)
    guard path != DataPath.absoluteFile(folder.path) else {
      throw ConfigurationError(
        "'\(folder.path)' is the run to go on from: go on with it by '--resume' alone, or choose "
          + "another '--out'.")
    }
    guard configuration.initial.isEmpty else {
      throw ConfigurationError(
        "'--init' is of a run's beginning, and this one goes on from '\(other.path)': leave it out."
      )
    }
    let continued = try Self.checkpoint(of: RunFolder(path))
    configuration.source.origin = RunOrigin(
      path: path, digest: try continued.file.digest, step: continued.progress?.step)
    if let passes = continued.progress?.pass, passes >= configuration.passes {
      throw ConfigurationError(
        "'\(other.path)' has made \(passes) passes, and the run that goes on from it is to have "
          + "\(configuration.passes) in all: nothing would be trained. Ask for more with '--passes'."
      )
    }
    try self.init(
      configuration, in: folder, continued: continued, found: folder.record,
      RunImages(source, for: configuration))
  }

  /// A run that was killed before it had saved what it goes on from.
  init(
    _ configuration: RunConfiguration, in folder: RunFolder, from origin: RunOrigin,
    _ images: RunImages
  ) throws {
    let continued = try Self.checkpoint(of: RunFolder(origin.path))
    guard try continued.file.digest == origin.digest else {
      throw ConfigurationError(
        "Nothing had been saved in '\(folder.path)', and the run that it goes on from, in "
          + "'\(origin.path)', has changed since step \(origin.step ?? 0). Begin it again with '--resume' "
          + "and '--out'.")
    }
    try self.init(
      configuration, in: folder, continued: continued, found: folder.record, images)
  }

  private static func checkpoint(of folder: RunFolder) throws -> Checkpoint {
    guard FileManager.default.fileExists(atPath: folder.checkpoint) else {
      throw ConfigurationError(
        "There is no checkpoint in '\(folder.path)' to go on from: train there first.")
    }
    return try Checkpoint(file: folder.checkpoint)
  }
}

extension TrainingProgress {
  /// The same position in a run with other settings: what was best, and what lowered the rate, was so with
  /// those before.
  var withOtherSettings: TrainingProgress {
    var result = self
    (result.bestValidation, result.bestStep, result.passesSinceBest) = (nil, nil, 0)
    (result.rateHalvings, result.plateaus) = (nil, nil)
    return result
  }
}
