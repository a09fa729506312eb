import Compute

/// The description in a checkpoint's metadata. What has its default value is absent there.
extension Model: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case dataSize = "data_size"
    case activation
    case hiddenKind = "hidden_kind"
    case likelihood, encoder, decoder, prior, condition
  }

  public init(from decoder: any Decoder) throws {
    try decoder.refuseFields(besides: CodingKeys.self, of: "the model")
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let name = try container.decode(String.self, forKey: .activation)
    guard let activation = Self.activations.first(where: { "\($0)" == name }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .activation, in: container,
        debugDescription: "expected the activation tanh, relu or softplus, found '\(name)'")
    }
    self.init(
      dataSize: try container.decode(Int.self, forKey: .dataSize), activation: activation,
      hiddenKind: try container.decodeIfPresent(HiddenKind.self, forKey: .hiddenKind) ?? .dense,
      likelihood: try container.decode(Likelihood.self, forKey: .likelihood),
      encoder: try container.decode([EncoderLayer].self, forKey: .encoder),
      decoder: try container.decode([DecoderLayer].self, forKey: .decoder),
      prior: try container.decodeIfPresent(Prior.self, forKey: .prior) ?? .standardNormal,
      condition: try container.decodeIfPresent(Int.self, forKey: .condition))
    if let problem {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "the model: \(problem)"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(dataSize, forKey: .dataSize)
    try container.encode("\(activation)", forKey: .activation)
    if hiddenKind != .dense { try container.encode(hiddenKind, forKey: .hiddenKind) }
    try container.encode(likelihood, forKey: .likelihood)
    try container.encode(self.encoder, forKey: .encoder)
    try container.encode(decoder, forKey: .decoder)
    if prior != .standardNormal { try container.encode(prior, forKey: .prior) }
    try container.encodeIfPresent(condition, forKey: .condition)
  }
}

extension Model.EncoderLayer: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case hidden, latent, posterior
  }

  public init(from decoder: any Decoder) throws {
    try decoder.refuseFields(besides: CodingKeys.self, of: "the model's encoder layer")
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      hidden: try container.decode([Int].self, forKey: .hidden),
      latent: try container.decode(Int.self, forKey: .latent),
      posterior: try container.decodeIfPresent(Posterior.self, forKey: .posterior) ?? .gaussian)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(hidden, forKey: .hidden)
    try container.encode(latent, forKey: .latent)
    if posterior != .gaussian { try container.encode(posterior, forKey: .posterior) }
  }
}

extension Model.DecoderLayer: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case hidden
  }

  public init(from decoder: any Decoder) throws {
    try decoder.refuseFields(besides: CodingKeys.self, of: "the model's decoder layer")
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(hidden: try container.decode([Int].self, forKey: .hidden))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(hidden, forKey: .hidden)
  }
}

/// Any key at all, to find those that have no meaning here.
private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }

  init?(intValue: Int) { nil }
}

extension Decoder {
  /// Throws if the object has a field that is none of the keys.
  fileprivate func refuseFields<Key: CodingKey & CaseIterable>(
    besides keys: Key.Type, of owner: String
  ) throws {
    let known = Set(Key.allCases.map(\.stringValue))
    let fields = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    guard let unknown = fields.filter({ !known.contains($0) }).min() else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath + [AnyKey(stringValue: unknown)],
        debugDescription: "\(owner) has an unknown field '\(unknown)'"))
  }
}
