import Artifacts
import Compute
import Datasets
import Files
import Foundation
import IWAE

/// The exact model of the built-in data, which commands take in place of a checkpoint.
public enum ExactModel {
  public static let name = "linear-gaussian"

  /// The variance of its encoder over the posterior's: enough for light tails of the weights.
  private static let widening = 1.5

  /// True if a path is no path but the name of the exact model.
  public static func isMeant(by path: String) -> Bool {
    path == name && !FileManager.default.fileExists(atPath: path)
  }

  static var checkpoint: Checkpoint {
    let density = LinearGaussian()
    return Checkpoint(
      model: density.model, parameters: density.parameters(widening: widening))
  }
}

/// A checkpoint, or a run folder's, as it is named by a path.
public struct StoredModel: Sendable {
  public let path: String
  public let checkpoint: Checkpoint
  /// The configuration of the run that the path names or lies in; nil where there is none.
  public let run: RunConfiguration?
  /// The updates that training had made: of a run's folder, those of its newest checkpoint. Nil
  /// where that is not known.
  public let step: Int?

  public var model: Model { checkpoint.model }
  public var parameters: [Tensor: [Float]] { checkpoint.parameters }
  public var standardization: Standardization? { checkpoint.standardization }

  /// Reads a checkpoint, or of a folder the best parameters if they are there.
  public init(_ path: String) throws {
    self.path = path
    var found: Checkpoint
    var newest: Int?
    // What a training replaced meanwhile is read again.
    repeat {
      newest = Self.newestStep(path)
      found = try Checkpoint(at: path, best: true)
    } while Self.newestStep(path) != newest
    checkpoint = found
    run = try RunConfiguration(ofRun: path)
    step = RunFolder.isFolder(path) ? newest : found.progress?.step
  }

  /// A model that no run has.
  init(_ path: String, _ checkpoint: Checkpoint) {
    (self.path, self.checkpoint, run, step) = (path, checkpoint, nil, nil)
  }

  /// Keeps an evaluation of the run's own test images in its folder, if it is a run's and training
  /// has not gone on meanwhile. One that is better than it gets its certificate.
  ///
  /// - Returns: The file that keeps its own evaluation, of the same parameters with more samples of no
  ///   fewer images, and those samples; nil where there is none.
  public func keep(
    _ report: EvaluationReport, _ images: [CertifiedImage]
  ) throws -> (file: String, samples: Int)? {
    guard RunFolder.isFolder(path), run != nil else { return nil }
    let lock = try FolderLock(path)
    defer { withExtendedLifetime(lock) {} }
    guard Self.newestStep(path) == step else { return nil }
    let folder = RunFolder(path)
    let file = folder.evaluation
    if report.step != nil, var kept = EvaluationReport(file: file, of: model),
      kept.step == report.step, kept.samples > report.samples, kept.images >= report.images
    {
      if let certificate = report.certificate, kept.images == report.images {
        kept.certificate = certificate
        try Files.write(try JSONText.data(kept), to: file)
      }
      return (file, kept.samples)
    }
    try folder.keep(report, images)
    return nil
  }

  /// True if the run's own file is not where it was.
  public var lacksData: Bool {
    run.map { NamedSet.named($0.data) == nil && !DataPath.isThere($0.data) } ?? false
  }

  /// True if images are those of the run, all of them.
  public func isOf(_ source: DataSource) -> Bool {
    guard let run, let identity = run.identity,
      let split = try? source.prepared(for: model, .none).split(run.split)
    else { return false }
    return identity.difference(of: split) == nil
  }

  /// The updates that the training of a run's folder had made; nil of a file.
  private static func newestStep(_ path: String) -> Int? {
    RunFolder.isFolder(path) ? RunFolder(path).record?.progress?.step : nil
  }
}

extension Checkpoint {
  /// Reads a checkpoint, or one of a run folder's: the best if asked for and there, else the newest.
  public init(at path: String, best: Bool = false) throws {
    if ExactModel.isMeant(by: path) {
      self = ExactModel.checkpoint
      return
    }
    guard RunFolder.isFolder(path) else {
      try self.init(file: path)
      return
    }
    let folder = RunFolder(path)
    self = try best ? folder.bestCheckpoint : Checkpoint(file: folder.checkpoint)
  }

  init(file: String) throws {
    try self.init(Safetensors(at: file), file: file)
  }

  static let averagePrefix = "optimizer.average"

  /// The averages of its parameters in their place, and nothing of the optimizer's: its moments are those of
  /// other parameters. The checkpoint itself where there are none.
  ///
  /// - Parameters:
  ///   - isNeeded: True if there must be some.
  ///   - file: The file's name in errors.
  /// - Throws: `FormatError` where some are not there, for what was tested is not known then.
  func averaged(isNeeded: Bool, file: String) throws(FormatError) -> Checkpoint {
    guard isNeeded || extras.keys.contains(where: { $0.hasPrefix("\(Self.averagePrefix).") }) else {
      return self
    }
    var result = self
    for parameter in model.parameters {
      let name = "\(Self.averagePrefix).\(parameter.name)"
      guard let values = extras[name], values.count == parameter.shape.count else {
        throw FormatError(
          file: file,
          problem: "tensor '\(name)': expected \(parameter.shape.count) numbers in float32, found "
            + (extras[name].map { "\($0.count)" } ?? "none")
            + ". The run keeps averages of its parameters ('--ema'), which are what is tested; name the "
            + "file itself to use its parameters as they are.")
      }
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw FormatError(
          file: file,
          problem: "tensor '\(name)': element \(index) is \(values[index]); expected finite "
            + "numbers.")
      }
      result.parameters[parameter] = values
    }
    result.extras = [:]
    return result
  }

  var progress: TrainingProgress? { TrainingRecord(metadata).progress }
  var trainSeconds: Double? { TrainingRecord(metadata).seconds }
}

/// A checkpoint's metadata about training.
struct TrainingRecord: Equatable {
  /// The point that it had come to; nil where they do not say.
  var progress: TrainingProgress?
  /// The time that it took; nil where it is no time.
  var seconds: Double?

  /// Some thirty thousand years.
  private static let mostSeconds = 1e12

  init(_ metadata: [String: String]) {
    progress = metadata["progress"].flatMap {
      try? JSONDecoder().decode(TrainingProgress.self, from: Data($0.utf8))
    }
    seconds = metadata["train_seconds"].flatMap(Double.init(decimal:)).flatMap {
      (0...Self.mostSeconds).contains($0) ? $0 : nil
    }
  }
}

extension RunFolder {
  /// The newest checkpoint's metadata about training, its tensors unread; nil where there is none.
  var record: TrainingRecord? {
    (try? Safetensors.metadata(at: checkpoint)).map { TrainingRecord($0) }
  }

  /// That of the best checkpoint.
  var bestRecord: TrainingRecord? {
    (try? Safetensors.metadata(at: best)).map { TrainingRecord($0) }
  }
}

extension RunConfiguration {
  /// The configuration of the run that a path names or lies in; nil where there is none.
  public init?(ofRun path: String) throws {
    if ExactModel.isMeant(by: path) {
      self.init(data: ExactModel.name)
      return
    }
    let file = RunFolder(containing: path).configuration
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    try self.init(file: file)
  }
}

extension RunFolder {
  /// The folder of a run, or the one in which a checkpoint lies.
  public init(containing path: String) {
    self.init(
      Self.isFolder(path)
        ? path : URL(fileURLWithPath: path).deletingLastPathComponent().relativePath)
  }

  public static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
