import Compute

/// The shape of a model: stochastic layers counted upwards from the data in the encoder, and
/// downwards from the topmost latent in the decoder.
public struct Model: Hashable, Sendable {
  /// The network from one layer's value to the distribution of the next.
  public struct EncoderLayer: Hashable, Sendable {
    public var hidden: [Int]
    public var latent: Int
    public var posterior: Posterior

    public init(hidden: [Int], latent: Int, posterior: Posterior = .gaussian) {
      self.hidden = hidden
      self.latent = latent
      self.posterior = posterior
    }

    /// The linear layers on the network.
    var heads: [Head] {
      posterior.unitHeads.map { Head(name: $0, outputs: latent) }
        + (posterior.move?.heads(latent: latent) ?? [])
    }
  }

  /// The network from a latent to the distribution of what lies below.
  public struct DecoderLayer: Hashable, Sendable {
    public var hidden: [Int]

    public init(hidden: [Int]) {
      self.hidden = hidden
    }
  }

  public var dataSize: Int
  /// The function of hidden units: tanh, relu or softplus.
  public var activation: Activation
  /// The kind of the encoder's and the decoder's hidden layers.
  public var hiddenKind: HiddenKind
  public var likelihood: Likelihood
  public var encoder: [EncoderLayer]
  public var decoder: [DecoderLayer]
  public var prior: Prior
  /// The classes of a conditional model, whose encoder and decoder are told each image's label; nil
  /// for one without labels.
  public var condition: Int?

  public init(
    dataSize: Int, activation: Activation = .tanh, hiddenKind: HiddenKind = .dense,
    likelihood: Likelihood = .bernoulli, encoder: [EncoderLayer], decoder: [DecoderLayer],
    prior: Prior = .standardNormal, condition: Int? = nil
  ) {
    self.dataSize = dataSize
    self.activation = activation
    self.hiddenKind = hiddenKind
    self.likelihood = likelihood
    self.encoder = encoder
    self.decoder = decoder
    self.prior = prior
    self.condition = condition
  }

  /// One stochastic layer of 50 units, as in Burda et al.
  public static func burda1(dataSize: Int) -> Model {
    Model(
      dataSize: dataSize, encoder: [.init(hidden: [200, 200], latent: 50)],
      decoder: [.init(hidden: [200, 200])])
  }

  /// Two stochastic layers of 100 and 50 units, as in Burda et al.
  public static func burda2(dataSize: Int) -> Model {
    Model(
      dataSize: dataSize,
      encoder: [
        .init(hidden: [200, 200], latent: 100), .init(hidden: [100, 100], latent: 50),
      ],
      decoder: [.init(hidden: [100, 100]), .init(hidden: [200, 200])])
  }

  /// The activations that hidden units may have.
  public static let activations: [Activation] = [.tanh, .relu, .softplus]

  /// The most hidden layers of all networks together.
  private static let mostHiddenLayers = 512

  /// The hidden layers of all networks, those of flows among them.
  private var hiddenLayers: Int {
    let encoders = encoder.map { $0.hidden.count + ($0.posterior.move?.hiddenLayers ?? 0) }
    let networks = encoders + decoder.map(\.hidden.count)
    return networks.reduce(prior.joint?.hiddenLayers ?? 0, +)
  }

  /// Why the description is not a model; nil if it is one.
  public var problem: String? {
    let sizes =
      [dataSize, condition ?? 1] + encoder.flatMap { $0.hidden + [$0.latent] }
      + decoder.flatMap(\.hidden)
    if encoder.isEmpty { return "expected at least one stochastic layer, found none." }
    if encoder.count != decoder.count {
      return "expected as many decoder layers as encoder layers, found \(decoder.count) and "
        + "\(encoder.count)."
    }
    if encoder.count > NoisePurpose.maximumLayers {
      return "expected at most \(NoisePurpose.maximumLayers) stochastic layers, found "
        + "\(encoder.count)."
    }
    if hiddenLayers > Self.mostHiddenLayers {
      return "expected at most \(Self.mostHiddenLayers) hidden layers in all, found "
        + "\(hiddenLayers)."
    }
    if let size = sizes.first(where: { $0 < 1 || $0 > 1 << 20 }) {
      return "expected every size to be from 1 to \(1 << 20), found \(size)."
    }
    let logits = dataSize * likelihood.headColumns
    if logits > 1 << 20 {
      return "expected at most \(1 << 20) logits, for they are a layer's columns, found \(logits): "
        + "\(likelihood.headColumns) classes of each of \(dataSize) variables."
    }
    if let problem = latentProblem { return problem }
    if !Self.activations.contains(activation) {
      return "expected the activation tanh, relu or softplus, found \(activation)."
    }
    return nil
  }

  /// The reason why posteriors and prior do not go together; nil if they do.
  private var latentProblem: String? {
    for layer in encoder {
      if let problem = layer.posterior.move?.problem(latent: layer.latent) { return problem }
    }
    let isBinary = encoder.map { $0.posterior == .bernoulli }
    if let layer = isBinary.dropLast().firstIndex(of: true) {
      return
        "the posterior 'bernoulli' is of the topmost layer alone, found it in layer \(layer + 1): "
        + "a latent given the one above is Gaussian."
    }
    if isBinary.last != (prior == .bernoulli), isBinary.last == true || prior == .bernoulli {
      return "the posterior 'bernoulli' and the prior 'bernoulli' go together, found the posterior "
        + "'\(encoder[encoder.count - 1].posterior)' with the prior '\(prior)'."
    }
    return prior.joint?.problem(of: self)
  }
}
