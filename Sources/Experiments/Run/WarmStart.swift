import Artifacts
import Compute
import Files
import Foundation
import IWAE

/// Parameters that a new run takes from a file of safetensors, by their names and shapes: this program's
/// checkpoint or another's, of the same model or of one that shares some of its layers.
public struct WarmStart: Hashable, Sendable {
  /// The file, or the folder of a run, whose best parameters are taken.
  public let path: String
  public let parameters: [Tensor: [Float]]
  /// The parameters of the model that are not there.
  public let missing: [String]
  /// Those that have another shape there.
  public let misfits: [Misfit]
  /// The SHA-256 digest of all tensors that are there.
  public let digest: String
  /// The model that the file describes; nil where it describes none.
  let model: Model?
  private let isOfOtherModel: Bool

  /// A parameter that has another shape.
  public struct Misfit: Hashable, Sendable {
    public let name: String
    public let expected: [Int]
    public let found: [Int]
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: The file, or the folder of a run.
  ///   - model: The model that is to take what fits.
  public init(_ path: String, for model: Model) throws {
    self.path = path
    let content = try Self.content(of: path)
    digest = content.digest
    self.model = try? Checkpoint.model(in: content.metadata, file: path)
    isOfOtherModel = self.model.map { $0 != model } ?? false
    var parameters: [Tensor: [Float]] = [:]
    var (missing, misfits): ([String], [Misfit]) = ([], [])
    for parameter in model.parameters {
      let expected = parameter.shape.dimensions
      guard let entry = content.entries[parameter.name] else {
        missing.append(parameter.name)
        continue
      }
      guard entry.shape == expected else {
        misfits.append(Misfit(name: parameter.name, expected: expected, found: entry.shape))
        continue
      }
      let values = entry.values.doubles.map { Float($0) }
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw FormatError(
          file: path,
          problem:
            "tensor '\(parameter.name)': element \(index) is \(values[index]); expected finite "
            + "numbers.")
      }
      parameters[parameter] = values
    }
    guard !parameters.isEmpty else {
      let found = content.entries.sorted { $0.key < $1.key }.prefix(3).map {
        "'\($0.key)' \($0.value.shape)"
      }
      let wanted = model.parameters.prefix(3).map { "'\($0.name)' \($0.shape.dimensions)" }
      throw FormatError(
        file: path,
        problem:
          "no tensor has the name and the shape of one of the model's parameters: expected some "
          + "as \(wanted.joined(separator: ", ")), found "
          + (found.isEmpty
            ? "none at all."
            : "\(content.entries.count) tensors, as \(found.joined(separator: ", "))."))
    }
    (self.parameters, self.missing, self.misfits) = (parameters, missing, misfits)
  }

  private static func content(of path: String) throws -> Safetensors {
    if RunFolder.isFolder(path) { return try Checkpoint(at: path, best: true).file }
    let content = try Safetensors(at: path)
    if let digest = content.metadata[Checkpoint.digestKey], !content.has(digest: digest) {
      throw FormatError(
        file: path, problem: "its tensors are not those that were written: the file is damaged.")
    }
    return content
  }

  /// True if all parameters begin as those that were given.
  public var isWhole: Bool { missing.isEmpty && misfits.isEmpty && !isOfOtherModel }

  /// What was taken, what is not there and what has another shape, a sentence each.
  public var notes: [String] {
    let count = parameters.count + missing.count + misfits.count
    var result = [
      "\(parameters.count) of \(count) parameters begin as those of '\(path)'"
        + (parameters.count == count ? "" : "; the others begin as usual")
    ]
    if isOfOtherModel {
      result.append(
        "'\(path)' is of another model, whose layers, activation or densities are not those of this one"
      )
    }
    if !missing.isEmpty { result.append("not found there: \(missing.joined(separator: ", "))") }
    if !misfits.isEmpty {
      let text = misfits.map { "\($0.name), expected \($0.expected), found \($0.found)" }
      result.append("of another shape there: \(text.joined(separator: "; "))")
    }
    return result
  }

  /// What `config.json` says of it.
  var origin: RunOrigin {
    RunOrigin(path: path, digest: digest, parameters: parameters.keys.map(\.name).sorted())
  }
}

/// Where a run's first parameters came from, as `config.json` has it.
public struct RunOrigin: Codable, Hashable, Sendable {
  /// The file, or the folder of a run.
  public var path: String
  /// The SHA-256 digest of the tensors that were there.
  public var digest: String
  /// The updates that the run had made from which this one goes on; nil where it begins.
  public var step: Int?
  /// The parameters that were taken; nil where all were, with the optimizer's moments.
  public var parameters: [String]?
}
