import Artifacts
import Compute
import Datasets
import Foundation
import IWAE
import Report

/// Files that commands read and write, with errors that carry their exit codes.
enum Inputs {
  /// Turns a module's error into the command's.
  static func wrap<Value, Failure>(_ body: () throws(Failure) -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      throw CommandError(message: "\(error)", code: code(of: error))
    }
  }

  static func code(of error: any Error) -> ExitCode {
    switch error {
    case is FormatError: .badInput
    case is FileAccessError: .fileAccess
    case is DensityError: .badInput
    case ProgramError.invalid: .usage
    default: .failed
    }
  }

  static func read(_ path: String) throws -> Data {
    try wrap { () throws(FileAccessError) in try Files.read(path) }
  }

  static func write(_ data: Data, to path: String) throws {
    try wrap { () throws(FileAccessError) in try Files.write(data, to: path) }
  }

  /// Where `--out` wants a file; fails before long work where it could not be written.
  static func output(_ arguments: ParsedArguments) throws -> String? {
    guard let path = arguments.string("--out") else { return nil }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard isFolder(folder), FileManager.default.isWritableFile(atPath: folder), !isFolder(path)
    else {
      throw CommandError(
        message: "'--out \(path)' must be a file in a folder that is there and can be written.",
        code: .fileAccess)
    }
    return path
  }

  /// Keeps a figure among those of a checkpoint's folder, or its picture alone elsewhere; returns
  /// where the picture is.
  static func keep(_ figure: Figure, of path: String, out: String?) throws -> String {
    if let out {
      try write(figure.pictureData, to: out)
      return out
    }
    let figures = FigureFolder(run: folder(of: path))
    try wrap { () throws(FileAccessError) in try figures.write(figure) }
    return figures.picture(of: figure)
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The name by which commands take the exact model of the built-in data in place of a checkpoint.
  static let exactModel = "linear-gaussian"

  /// Whether a path is no path but the name of the exact model.
  static func isExactModel(_ path: String) -> Bool {
    path == exactModel && !FileManager.default.fileExists(atPath: path)
  }

  /// The folder of a run, or the one in which a checkpoint lies.
  static func folder(of path: String) -> String {
    isFolder(path) ? path : URL(fileURLWithPath: path).deletingLastPathComponent().relativePath
  }

  /// A checkpoint, or one of a run folder's: the best if asked for and there, else the newest.
  static func checkpoint(_ path: String, best: Bool = false) throws -> Checkpoint {
    if isExactModel(path) {
      let density = LinearGaussian()
      return Checkpoint(
        model: density.model, parameters: density.parameters(widening: exactWidening))
    }
    let folder = RunFolder(path)
    let hasBest = FileManager.default.fileExists(atPath: folder.best)
    let inFolder = best && hasBest ? folder.best : folder.checkpoint
    let file = isFolder(path) ? inFolder : path
    let data = try read(file)
    return try wrap { () throws(FormatError) in try Checkpoint(data, file: file) }
  }

  /// The updates that training had made for a checkpoint that was read from a path; of a run's
  /// folder, those of its newest checkpoint. Nil where that is not known.
  static func step(_ path: String, _ checkpoint: Checkpoint) -> Int? {
    let newest = isFolder(path) ? try? Self.checkpoint(path) : checkpoint
    return newest?.progress?.step
  }

  /// The variance of the exact model's encoder over the posterior's: enough for light tails of the
  /// weights.
  private static let exactWidening = 1.5

  /// The configuration of the run that a path names or lies in; nil where there is none.
  static func configuration(ofRun path: String) throws -> RunConfiguration? {
    if isExactModel(path) {
      var configuration = RunConfiguration()
      configuration.data = exactModel
      return configuration
    }
    let file = RunFolder(folder(of: path)).configuration
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    return try configuration(file)
  }

  /// A configuration file.
  static func configuration(_ file: String) throws -> RunConfiguration {
    do {
      return try JSONDecoder().decode(RunConfiguration.self, from: try read(file))
    } catch let error as DecodingError {
      throw bad(file, Checkpoint.words(error))
    }
  }

  /// All images of a file as one batch, taken as they are.
  static func batch(_ path: String, for model: Model) throws -> [Float] {
    let images = try DataSource(path).collection.training.scaled(for: model.likelihood.support)
    try DataOptions.check(images, model, path)
    return (0..<images.count).flatMap { images.pixels(of: $0) }
  }

  /// The noise of each layer, as (B, M*K, latents).
  static func noise(_ path: String, for tensors: [Tensor], batch: Int) throws -> [[Float]] {
    let data = try read(path)
    let file = try wrap { () throws(FormatError) in try Safetensors(data, file: path) }
    return try tensors.map { tensor in
      guard let entry = file.entries[tensor.name] else {
        throw bad(path, "tensor '\(tensor.name)': it is missing.")
      }
      let expected = [batch, tensor.shape.rows / batch, tensor.shape.columns]
      guard entry.shape == expected else {
        throw bad(
          path, "tensor '\(tensor.name)': expected the shape \(expected), found \(entry.shape).")
      }
      let values = entry.values.doubles.map { Float($0) }
      guard values.allSatisfy(\.isFinite) else {
        throw bad(path, "tensor '\(tensor.name)': expected finite numbers.")
      }
      return values
    }
  }

  static func bad(_ path: String, _ problem: String) -> CommandError {
    CommandError(message: FormatError(file: path, problem: problem).description, code: .badInput)
  }
}
