import IWAE

extension Model {
  /// The model of `--layers`: for each stochastic layer upwards from the data, its hidden sizes and
  /// its latents, as `200,200:100/100:50`. The decoder mirrors it.
  public init(layers text: String, dataSize: Int) throws(ConfigurationError) {
    var encoder: [EncoderLayer] = []
    for layer in text.split(separator: "/", omittingEmptySubsequences: false) {
      let parts = layer.split(separator: ":", omittingEmptySubsequences: false)
      let hidden = parts[0].split(separator: ",").map { Int($0) }
      guard parts.count == 2, let latent = Int(parts[1]), !hidden.contains(nil) else {
        throw ConfigurationError(
          "The value '\(text)' is invalid for '--layers': expected hidden sizes, a colon and a "
            + "number of latents for each layer, as 200,200:50, found '\(layer)'.")
      }
      encoder.append(.init(hidden: hidden.compactMap(\.self), latent: latent))
    }
    self.init(
      dataSize: dataSize, encoder: encoder,
      decoder: encoder.reversed().map { .init(hidden: $0.hidden.reversed()) })
  }

  /// The models of a list: a comma ends one where its latents stand.
  public static func list(of layers: String) -> [String] {
    var result: [String] = []
    var model = ""
    for part in layers.split(separator: ",", omittingEmptySubsequences: false) {
      model += (model.isEmpty ? "" : ",") + part
      guard part.split(separator: "/").last?.contains(":") == true else { continue }
      result.append(model)
      model = ""
    }
    return model.isEmpty ? result : result + [model]
  }
}
