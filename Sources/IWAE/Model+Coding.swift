import Compute

/// The description in a checkpoint's metadata.
extension Model: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case dataSize = "data_size"
    case activation, likelihood, encoder, decoder
  }

  /// Any key at all, to find those that have no meaning here.
  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    let known = Set(CodingKeys.allCases.map(\.rawValue))
    let keys = try decoder.container(keyedBy: AnyKey.self).allKeys
    if let unknown = keys.first(where: { !known.contains($0.stringValue) }) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [unknown],
          debugDescription: "the model has an unknown field '\(unknown.stringValue)'"))
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let name = try container.decode(String.self, forKey: .activation)
    guard let activation = Self.activations.first(where: { "\($0)" == name }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .activation, in: container,
        debugDescription: "expected the activation tanh, relu or softplus, found '\(name)'")
    }
    self.init(
      dataSize: try container.decode(Int.self, forKey: .dataSize), activation: activation,
      likelihood: try container.decode(Likelihood.self, forKey: .likelihood),
      encoder: try container.decode([EncoderLayer].self, forKey: .encoder),
      decoder: try container.decode([DecoderLayer].self, forKey: .decoder))
    if let problem {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "the model: \(problem)"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(dataSize, forKey: .dataSize)
    try container.encode("\(activation)", forKey: .activation)
    try container.encode(likelihood, forKey: .likelihood)
    try container.encode(self.encoder, forKey: .encoder)
    try container.encode(decoder, forKey: .decoder)
  }
}
