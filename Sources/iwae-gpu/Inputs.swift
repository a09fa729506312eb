import Artifacts
import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE
import Report

/// Files that commands read and write, with errors that carry their exit codes.
enum Inputs {
  /// The path of the file that `--out` wants; fails before long work where it could not be written.
  static func output(_ arguments: ParsedArguments) throws -> String? {
    guard let path = arguments.string("--out") else { return nil }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard RunFolder.isFolder(folder), FileManager.default.isWritableFile(atPath: folder),
      !RunFolder.isFolder(path)
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
      try Files.write(figure.pictureData, to: out)
      return out
    }
    let figures = FigureFolder(run: RunFolder(containing: path).path)
    try figures.write(figure)
    return figures.picture(of: figure)
  }

  /// All images of a file as one batch, taken as they are.
  static func batch(_ path: String, for model: Model) throws -> [Float] {
    let images = try images(path, for: model)
    return (0..<images.count).flatMap { images.pixels(of: $0) }
  }

  /// All images of a file, taken as they are.
  static func images(_ path: String, for model: Model) throws -> ImageSet {
    let images = try DataOptions.source(path).collection.training
      .scaled(for: model.likelihood.support)
    try images.check(for: model, path)
    return images
  }

  /// The noise of each layer, as (B, M*K, latents).
  static func noise(_ path: String, for tensors: [Tensor], batch: Int) throws -> [[Float]] {
    let data = try Files.read(path)
    let file = try Safetensors(data, file: path)
    return try tensors.map { tensor in
      guard let entry = file.entries[tensor.name] else {
        throw FormatError(file: path, problem: "tensor '\(tensor.name)': it is missing.")
      }
      let expected = [batch, tensor.shape.rows / batch, tensor.shape.columns]
      guard entry.shape == expected else {
        throw FormatError(
          file: path,
          problem: "tensor '\(tensor.name)': expected the shape \(expected), found \(entry.shape).")
      }
      let values = entry.values.doubles.map { Float($0) }
      guard values.allSatisfy(\.isFinite) else {
        throw FormatError(file: path, problem: "tensor '\(tensor.name)': expected finite numbers.")
      }
      return values
    }
  }
}
