import Artifacts
import Files
import Foundation
import IWAE

/// A model to judge, read from a file of this program or of another.
public struct RefereedModel: Sendable {
  public let stored: StoredModel
  /// What was taken for granted, a sentence each.
  public let notes: [String]

  private static let graphEnding = ".onnx"
  /// The most bytes that the format allows a graph.
  private static let mostOfGraph = Int(Int32.max)

  /// - Parameters:
  ///   - path: A checkpoint, a run folder, a file of tensors with other names, or an encoder's graph.
  ///   - decoder: The decoder's graph, of an encoder's.
  ///   - mapping: The file that says where its layers belong; nil for as their names say.
  ///   - settings: What its names do not tell.
  public init(
    _ path: String, decoder: String? = nil, mapping: String? = nil,
    _ settings: ForeignSettings = ForeignSettings()
  ) throws {
    let mapping = try mapping.map { try ForeignMapping($0) }
    let isGraph = path.lowercased().hasSuffix(Self.graphEnding)
    guard isGraph == (decoder != nil) else {
      throw ConfigurationError(
        isGraph
          ? "'\(path)' is an encoder's graph; name the decoder's with '--decoder <file>'."
          : "'--decoder' belongs to an encoder's graph, a file that ends in \(Self.graphEnding); "
            + "'\(path)' is none.")
    }
    if let decoder {
      let most = min(Files.arrayLimit, Self.mostOfGraph)
      let model = try ForeignModel(
        encoder: (try Files.read(path, atMost: most), path),
        decoder: (try Files.read(decoder, atMost: most), decoder), mapping: mapping, settings)
      (stored, notes) = (StoredModel(path, model.checkpoint), model.notes)
      return
    }
    if ExactModel.isMeant(by: path) || RunFolder.isFolder(path) {
      self = try RefereedModel(described: path, settings, mapping)
      return
    }
    if try Safetensors.metadata(at: path)["model"] != nil, mapping == nil {
      self = try RefereedModel(described: path, settings, mapping)
      return
    }
    let model = try ForeignModel(
      Safetensors(at: path), mapping: mapping, settings, file: path)
    (stored, notes) = (StoredModel(path, model.checkpoint), model.notes)
  }
  /// A model that its file describes.
  private init(
    described path: String, _ settings: ForeignSettings, _ mapping: ForeignMapping?
  ) throws {
    guard settings == ForeignSettings(), mapping == nil else {
      throw ConfigurationError(
        "'\(path)' describes its model; leave out '--mapping' and what else says how it is made.")
    }
    (stored, notes) = (try StoredModel(path), [])
  }
}
