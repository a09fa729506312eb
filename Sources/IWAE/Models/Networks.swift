import Compute

/// One dense layer's parameters.
public struct Dense: Hashable, Sendable {
  /// `(outputs, inputs)`.
  public let weight: Tensor
  /// `(outputs)`.
  public let bias: Tensor

  init(_ name: String, inputs: Int, outputs: Int) {
    weight = Tensor("\(name).weight", .matrix(rows: outputs, columns: inputs), .parameter)
    bias = Tensor("\(name).bias", .vector(outputs), .parameter)
  }
}

/// Hidden layers and the heads on top, which a density names.
public struct Network: Hashable, Sendable {
  /// The beginning of the parameters' names, as `encoder.0`.
  public let name: String
  /// The hidden layers, from the input onwards; the model's activation follows each.
  public let hidden: [Dense]
  /// Linear layers on the last hidden one, as mean and log-sigma.
  public let heads: [Dense]

  init(_ name: String, inputs: Int, hidden sizes: [Int], outputs: Int, heads: [String]) {
    self.name = name
    let widths = [inputs] + sizes
    hidden = sizes.indices.map {
      Dense("\(name).hidden.\($0)", inputs: widths[$0], outputs: widths[$0 + 1])
    }
    self.heads = heads.map {
      Dense("\(name).\($0)", inputs: widths[widths.count - 1], outputs: outputs)
    }
  }

  /// A network's hidden layers, without what is on top.
  init(hiddenOf network: Network) {
    name = network.name
    hidden = network.hidden
    heads = []
  }

  /// Weights and biases: the hidden layers', then the heads'.
  public var parameters: [Tensor] { (hidden + heads).flatMap { [$0.weight, $0.bias] } }
}

extension Model {
  /// The encoder's networks, upwards from the data.
  public var encoderNetworks: [Network] {
    encoder.indices.map { layer in
      Network(
        "encoder.\(layer)", inputs: layer == 0 ? dataSize : encoder[layer - 1].latent,
        hidden: encoder[layer].hidden, outputs: encoder[layer].latent,
        heads: encoder[layer].posterior.heads)
    }
  }

  /// The decoder's networks, downwards from the topmost latent.
  public var decoderNetworks: [Network] {
    decoder.indices.map { position in
      let below = encoder.count - 2 - position
      let isLast = below < 0
      return Network(
        "decoder.\(position)", inputs: encoder[below + 1].latent,
        hidden: decoder[position].hidden, outputs: isLast ? dataSize : encoder[below].latent,
        // A latent given the one above is Gaussian.
        heads: isLast ? likelihood.heads : Posterior.gaussian.heads)
    }
  }

  /// The numbers that the likelihood learns besides its heads: `likelihood.{name}`.
  public var likelihoodParameters: [Tensor] {
    likelihood.parameters.map { parameter in
      let count = parameter.size == .single ? 1 : dataSize
      return Tensor("likelihood.\(parameter.name)", .vector(count), .parameter)
    }
  }

  /// The numbers that the prior learns, one a unit of the topmost latent: `prior.{name}`.
  public var priorParameters: [Tensor] {
    guard let top = encoder.last else { return [] }
    return prior.parameters.map { Tensor("prior.\($0)", .vector(top.latent), .parameter) }
  }

  /// The parameters of p: the decoder's, the likelihood's, then the prior's.
  public var generativeParameters: [Tensor] {
    decoderNetworks.flatMap(\.parameters) + likelihoodParameters + priorParameters
  }

  /// Every parameter, with the names and shapes of the checkpoint: the encoder's, then those of p.
  public var parameters: [Tensor] {
    encoderNetworks.flatMap(\.parameters) + generativeParameters
  }
}
