/// The names that other programs give to a model's layers, and this program's.
///
/// `{i}` stands for a whole number, which counts up in the order of the layers. Besides this program's own
/// names, a place may be `….log_variance`, twice the `….log_sigma`, and `decoder.{d}.chain.{i}`, of which
/// the last is the likelihood's head.
struct NamingConvention {
  /// Where it is from, in words.
  var origin: String
  /// Theirs and ours, without `.weight` and `.bias`.
  var layers: [(theirs: String, ours: String)]
  /// What the origin alone says of hidden units; nil where it says nothing.
  var activation: String?
  /// True if its decoders end in a Sigmoid, which only a likelihood of logits has too.
  var endsInSigmoid = false

  /// A row for each.
  static let all =
    [
      NamingConvention(
        origin: "this program's layout",
        layers: [
          ("encoder.{i}.hidden.{i}", "encoder.{i}.hidden.{i}"),
          ("encoder.{i}.hidden.{i}.gate", "encoder.{i}.hidden.{i}.gate"),
          ("encoder.{i}.{name}", "encoder.{i}.{name}"),
          ("encoder.{i}.flow.{i}.hidden.{i}", "encoder.{i}.flow.{i}.hidden.{i}"),
          ("encoder.{i}.flow.{i}.{name}", "encoder.{i}.flow.{i}.{name}"),
          ("decoder.{i}.hidden.{i}", "decoder.{i}.hidden.{i}"),
          ("decoder.{i}.hidden.{i}.gate", "decoder.{i}.hidden.{i}.gate"),
          ("decoder.{i}.{name}", "decoder.{i}.{name}"),
        ]),
      NamingConvention(
        origin: "pythae",
        layers: [
          ("encoder.layers.{i}.0", "encoder.0.hidden.{i}"),
          ("encoder.embedding", "encoder.0.mean"),
          ("encoder.log_var", "encoder.0.log_variance"),
          ("decoder.layers.{i}.0", "decoder.0.chain.{i}"),
        ], activation: "relu", endsInSigmoid: true),
      NamingConvention(
        origin: "ports of Burda et al. to PyTorch, of one stochastic layer",
        layers: [
          ("encoder_h1.transform.{i}", "encoder.0.hidden.{i}"),
          ("encoder_h1.fc_mu", "encoder.0.mean"),
          ("encoder_h1.fc_logsigma", "encoder.0.log_sigma"),
          ("decoder_x.{i}", "decoder.0.chain.{i}"),
        ], endsInSigmoid: true),
      NamingConvention(
        origin: "ports of Burda et al. to PyTorch, of two stochastic layers",
        layers: [
          ("encoder_h1.transform.{i}", "encoder.0.hidden.{i}"),
          ("encoder_h1.fc_mu", "encoder.0.mean"),
          ("encoder_h1.fc_logsigma", "encoder.0.log_sigma"),
          ("encoder_h2.transform.{i}", "encoder.1.hidden.{i}"),
          ("encoder_h2.fc_mu", "encoder.1.mean"),
          ("encoder_h2.fc_logsigma", "encoder.1.log_sigma"),
          ("decoder_h1.transform.{i}", "decoder.0.hidden.{i}"),
          ("decoder_h1.fc_mu", "decoder.0.mean"),
          ("decoder_h1.fc_logsigma", "decoder.0.log_sigma"),
          ("decoder_x.{i}", "decoder.1.chain.{i}"),
        ], endsInSigmoid: true),
      NamingConvention(
        origin: "the VAE of PyTorch's examples",
        layers: [
          ("fc1", "encoder.0.hidden.0"), ("fc21", "encoder.0.mean"),
          ("fc22", "encoder.0.log_variance"), ("fc3", "decoder.0.hidden.0"),
          ("fc4", "decoder.0.chain.0"),
        ], activation: "relu", endsInSigmoid: true),
    ] + sequential

  /// Sequences of layers with two heads, which many call alike.
  private static var sequential: [NamingConvention] {
    [
      ("mu", "logvar", "variance"), ("mu", "log_var", "variance"),
      ("fc_mu", "fc_logvar", "variance"),
      ("fc_mu", "fc_log_var", "variance"), ("mu", "log_sigma", "sigma"),
      ("mean", "log_var", "variance"),
      ("mean", "logvar", "variance"), ("mean", "log_sigma", "sigma"), ("mean", "log_std", "sigma"),
    ].map { mean, spread, kind in
      NamingConvention(
        origin: "a sequence of layers, with the heads '\(mean)' and '\(spread)'",
        layers: [
          ("encoder.{i}", "encoder.0.hidden.{i}"), (mean, "encoder.0.mean"),
          (spread, "encoder.0.log_\(kind)"), ("decoder.{i}", "decoder.0.chain.{i}"),
        ])
    }
  }

  /// This program's name of a layer, and the numbers that stood in theirs; nil where it has no place.
  func place(of layer: String) -> (ours: String, numbers: [Int])? {
    let parts = layer.split(separator: ".", omittingEmptySubsequences: false)
    for (theirs, ours) in layers {
      let pattern = theirs.split(separator: ".")
      guard pattern.count == parts.count else { continue }
      var (numbers, name): ([Int], Substring) = ([], "")
      let fits = zip(pattern, parts).allSatisfy { expected, found in
        switch expected {
        case "{i}":
          guard let number = Int(found), number >= 0, "\(number)" == found else { return false }
          numbers.append(number)
          return true
        case "{name}":
          name = found
          return Int(found) == nil && !found.isEmpty
        default: return expected == found
        }
      }
      guard fits else { continue }
      return (ours.replacing("{name}", with: name), numbers)
    }
    return nil
  }
}
