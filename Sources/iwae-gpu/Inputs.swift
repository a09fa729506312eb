import Artifacts
import Commands
import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE

/// Files that are read as they are, with errors that carry their exit codes.
enum Inputs {
  /// All images of a file as one batch, taken as they are.
  static func batch(
    _ path: String, labels: String?, mask: String? = nil, for model: Model
  ) throws -> ImageSet {
    try DataOptions.source(path, labels: labels ?? "", mask: mask ?? "")
      .prepared(for: model, .none).collection.training
  }

  /// The noise of each layer, as (B, M*K, latents).
  static func noise(_ path: String, for tensors: [Tensor], batch: Int) throws -> [[Float]] {
    let file = try Safetensors(at: path)
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

/// The first path that leads where one before it does.
func firstGivenTwice(_ paths: [String]) -> String? {
  let full = paths.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
  return full.indices.first { full[..<$0].contains(full[$0]) }.map { paths[$0] }
}
