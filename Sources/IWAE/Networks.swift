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

/// Hidden layers and the heads on top: logits, or mean and log-sigma.
public struct Network: Hashable, Sendable {
  /// What the parameters' names begin with, as `encoder.0`.
  public let name: String
  /// The hidden layers, from the input onwards; the model's activation follows each.
  public let hidden: [Dense]
  /// Linear layers on the last hidden one: mean and log-sigma, or logits alone.
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
  private static let gaussianHeads = ["mean", "log_sigma"]

  /// The encoder's networks, upwards from the data.
  public var encoderNetworks: [Network] {
    encoder.indices.map { layer in
      Network(
        "encoder.\(layer)", inputs: layer == 0 ? dataSize : encoder[layer - 1].latent,
        hidden: encoder[layer].hidden, outputs: encoder[layer].latent, heads: Self.gaussianHeads)
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
        heads: isLast && likelihood == .bernoulli ? ["logits"] : Self.gaussianHeads)
    }
  }

  /// Every parameter, with the names and shapes of the checkpoint.
  public var parameters: [Tensor] {
    (encoderNetworks + decoderNetworks).flatMap(\.parameters)
  }
}
