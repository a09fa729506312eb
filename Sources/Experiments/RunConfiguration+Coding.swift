import Files
import Foundation
import IWAE

extension RunConfiguration: Codable {
  private static let modelKey = "model"
  private static let identityKey = "identity"
  private static let originKey = "origin"

  /// A file may leave fields out, which then have their defaults, but must not have others.
  public init(from decoder: any Decoder) throws {
    self = .usual
    let fields = try decoder.container(keyedBy: Setting.Key.self)
    let known = [Self.modelKey, Self.identityKey, Self.originKey] + Setting.all.map(\.key)
    for key in fields.allKeys where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [key],
          debugDescription: "unknown field '\(key.stringValue)'."
            + suggestion(for: key.stringValue, among: known)))
    }
    if let model = try fields.decodeIfPresent(Model.self, forKey: Setting.Key(Self.modelKey)) {
      (self.model, source.describesModel) = (model, true)
    }
    source.identity = try fields.decodeIfPresent(
      DataIdentity.self, forKey: Setting.Key(Self.identityKey))
    source.origin = try fields.decodeIfPresent(
      RunOrigin.self, forKey: Setting.Key(Self.originKey))
    for setting in Setting.all { try setting.read(fields, &self) }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Setting.Key.self)
    try fields.encode(model, forKey: Setting.Key(Self.modelKey))
    try fields.encodeIfPresent(identity, forKey: Setting.Key(Self.identityKey))
    try fields.encodeIfPresent(origin, forKey: Setting.Key(Self.originKey))
    for setting in Setting.all { try setting.write(self, &fields) }
  }
}

extension RunConfiguration {
  /// Reads a configuration file.
  public init(file: String) throws {
    do {
      self = try JSONDecoder().decode(
        RunConfiguration.self, from: try Files.read(file, atMost: Files.mostOfJSON))
    } catch let error as DecodingError {
      throw FormatError(file: file, problem: FormatError.words(error))
    }
  }

  /// A file's content.
  public var file: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(self) + Data("\n".utf8)
    }
  }
}
