import Compute
import Files
import Foundation
import IWAE

/// A model's parameters on disk, with whatever a training run keeps beside them.
public struct Checkpoint: Sendable {
  public var model: Model
  /// One for each of the model's parameters.
  public var parameters: [Tensor: [Float]]
  /// The means and deviations that training took out of the data's columns: the tensors `data.mean`
  /// and `data.deviation`. Nil for none.
  public var standardization: Standardization?
  /// Tensors beside the parameters: the optimizer's moments.
  public var extras: [String: [Float]]
  /// Metadata beside the model.
  public var metadata: [String: String]

  public init(
    model: Model, parameters: [Tensor: [Float]], standardization: Standardization? = nil,
    extras: [String: [Float]] = [:], metadata: [String: String] = [:]
  ) {
    self.model = model
    self.parameters = parameters
    self.standardization = standardization
    self.extras = extras
    self.metadata = metadata
  }

  private static let modelKey = "model"
  public static let digestKey = "digest"
  /// The longest description that is decoded; real ones have a few kilobytes.
  private static let largestDescription = 1 << 20
  private static let (meanName, deviationName) = ("data.mean", "data.deviation")

  /// Reads a checkpoint from all bytes of its file.
  public init(_ data: Data, file: String) throws(FormatError) {
    try self.init(Safetensors(data, file: file), file: file)
  }

  /// The checkpoint that a file's content makes; everything but the model and its parameters is optional.
  public init(_ content: Safetensors, file: String) throws(FormatError) {
    let model = try Self.model(in: content.metadata, file: file)
    if let digest = content.metadata[Self.digestKey], !content.has(digest: digest) {
      throw FormatError(
        file: file,
        problem: "its tensors are not those that were written: the file was damaged, or changed by "
          + "another program, which would have to leave '\(Self.digestKey)' out of the metadata.")
    }
    try self.init(content, of: model, file: file)
    metadata = content.metadata.filter { ![Self.modelKey, Self.digestKey].contains($0.key) }
  }

  /// The parameters of a model among a file's arrays.
  ///
  /// - Parameters:
  ///   - content: The arrays.
  ///   - model: The model.
  ///   - file: The file's name in errors.
  init(_ content: Safetensors, of model: Model, file: String) throws(FormatError) {
    (self.model, metadata) = (model, [:])
    parameters = [:]
    for parameter in model.parameters {
      parameters[parameter] = try Self.values(of: parameter, in: content, file: file)
    }
    standardization = try Self.standardization(of: model, in: content, file: file)
    let names = Set(model.parameters.map(\.name) + [Self.meanName, Self.deviationName])
    extras = [:]
    for (name, entry) in content.entries where !names.contains(name) {
      if case .float32(let values) = entry.values { extras[name] = values }
    }
  }

  /// The model that a file's metadata describe.
  public static func model(
    in metadata: [String: String], file: String
  ) throws(FormatError) -> Model {
    guard let description = metadata[modelKey] else {
      throw FormatError(
        file: file, problem: "expected the metadata to describe the model under 'model'.")
    }
    guard description.utf8.count <= largestDescription else {
      throw FormatError(
        file: file,
        problem:
          "expected the model's description to have at most \(largestDescription) bytes, found "
          + "\(description.utf8.count).")
    }
    do {
      return try JSONDecoder().decode(Model.self, from: Data(description.utf8))
    } catch {
      throw FormatError(
        file: file, problem: "the model's description: \(FormatError.words(error)).")
    }
  }

  private static func values(
    of parameter: Tensor, in content: Safetensors, file: String
  ) throws(FormatError) -> [Float] {
    func problem(_ text: String) -> FormatError {
      FormatError(file: file, problem: "tensor '\(parameter.name)': \(text)")
    }
    guard let entry = content.entries[parameter.name] else { throw problem("it is missing.") }
    let shape = parameter.shape.dimensions
    guard entry.shape == shape else {
      throw problem("expected the shape \(shape), found \(entry.shape).")
    }
    guard case .float32(let values) = entry.values else { throw problem("expected float32.") }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw problem("element \(index) is \(values[index]); expected finite numbers.")
    }
    return values
  }

  private static func standardization(
    of model: Model, in content: Safetensors, file: String
  ) throws(FormatError) -> Standardization? {
    let names = [meanName, deviationName]
    guard names.contains(where: { content.entries[$0] != nil }) else { return nil }
    guard model.likelihood.support == .reals else {
      throw FormatError(
        file: file,
        problem: "tensor '\(meanName)': only real numbers are standardized, and the likelihood "
          + "'\(model.likelihood.name)' is of others.")
    }
    let values = try names.map { name throws(FormatError) in
      try Self.values(
        of: Tensor(name, .vector(model.dataSize), .input), in: content, file: file)
    }
    guard let result = Standardization(mean: values[0], deviation: values[1]) else {
      throw FormatError(
        file: file, problem: "tensor '\(deviationName)': expected numbers above 0.")
    }
    return result
  }

  /// The file's content.
  public var data: Data { get throws { try file.data } }

  /// The arrays and texts of the file, the arrays' digest among them.
  public var file: Safetensors {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let description = String(decoding: try encoder.encode(model), as: UTF8.self)
      var entries: [String: Safetensors.Entry] = [:]
      for (parameter, values) in parameters {
        entries[parameter.name] = .init(
          shape: parameter.shape.dimensions, values: .float32(values))
      }
      var extras = extras
      extras[Self.meanName] = standardization?.mean
      extras[Self.deviationName] = standardization?.deviation
      for (name, values) in extras {
        entries[name] = .init(shape: [values.count], values: .float32(values))
      }
      var metadata = metadata
      metadata[Self.modelKey] = description
      var file = Safetensors(entries: entries, metadata: metadata)
      file.metadata[Self.digestKey] = file.digest
      return file
    }
  }
}

extension Shape {
  /// The sizes as files write them.
  public var dimensions: [Int] { isVector ? [rows] : [rows, columns] }
}
