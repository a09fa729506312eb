extension Operation {
  /// A line for each result, where the kind alone does not tell what is computed.
  public var details: [String] {
    switch self {
    case .map(let map):
      map.results.map { result in
        let value = result.isSum ? "sum(\(result.formula))" : "\(result.formula)"
        return "\(result.tensor.name) = \(value)"
      }
    case .noise(let noise):
      ["\(noise.output.name) = \(noise.distribution) numbers for \(noise.purpose.text)"]
    case .columns(let columns):
      [
        "\(columns.output.name)[\(columns.to)..<\(columns.to + columns.count)] "
          + "\(columns.accumulates ? "+=" : "=") "
          + "\(columns.input.name)[\(columns.from)..<\(columns.from + columns.count)]"
      ]
    case .classes(let classes):
      ["\(classes.output.name) = \(classes.result) of \(classes.count) classes"]
    default: []
    }
  }
}

extension NoisePurpose {
  fileprivate var text: String {
    switch self {
    case .latent(let layer): "the latents of layer \(layer)"
    case .binarization, .shuffling, .initialization, .data, .generation, .resampling, .acceptance:
      "\(self)"
    }
  }
}
