import Compute

/// A linear layer that a density asks for, on top of a network.
struct Head: Hashable, Sendable {
  var name: String
  var outputs: Int
  /// True if its weights are 0 at first.
  var startsAtZero = false
}

/// Hidden layers and the heads on top, which a density names.
public struct Network: Sendable {
  /// The beginning of the parameters' names, as `encoder.0`.
  public let name: String
  /// The columns of what it reads, those of a label included.
  let inputs: Int
  /// The hidden layers, from the input onwards.
  let hidden: [any HiddenLayer]
  /// Linear layers on the last hidden one, as mean and log-sigma.
  public let heads: [Dense]

  init(
    _ name: String, inputs: Int, hidden sizes: [Int] = [], _ kind: HiddenKind = .dense,
    activation: Activation = .identity, heads: [Head], labelled prefix: String = ""
  ) {
    self.name = name
    self.inputs = inputs
    let widths = [inputs] + sizes
    hidden = sizes.indices.map {
      kind.layer(
        LayerDescription(
          name: "\(name).hidden.\($0)", label: "\(prefix)\(name).hidden.\($0)", inputs: widths[$0],
          outputs: widths[$0 + 1],
          activation: activation))
    }
    self.heads = heads.map {
      Dense(
        "\(name).\($0.name)", label: "\(prefix)\(name).\($0.name)",
        inputs: widths[widths.count - 1], outputs: $0.outputs, startsAtZero: $0.startsAtZero)
    }
  }

  /// The hidden layers' parameters, then the heads'.
  public var parameters: [Tensor] { layerParameters.map(\.tensor) }

  var layerParameters: [LayerParameter] {
    hidden.flatMap(\.parameters) + heads.flatMap(\.layerParameters)
  }

  /// Appends the way forward.
  ///
  /// - Parameters:
  ///   - input: `(rows, inputs)`.
  ///   - hiddenRole: The role of what hidden layers compute.
  ///   - headRole: The role of the heads' values.
  ///   - names: The names of the heads' values; nil for the heads' own.
  ///   - program: The program.
  /// - Returns: The heads' values, `(rows, outputs)` each.
  func append(
    _ input: Tensor, hiddenRole: Role = .temporary, headRole: Role = .temporary,
    named names: [String]? = nil, to program: inout ProgramBuilder
  ) throws(ProgramError) -> [Tensor] {
    var value = input
    for layer in hidden { value = try layer.append(value, as: hiddenRole, to: &program) }
    var results: [Tensor] = []
    for (name, head) in zip(names ?? heads.map(\.label), heads) {
      results.append(try head.append(value, named: name, as: headRole, to: &program))
    }
    return results
  }
}

extension Model {
  /// The encoder's networks, upwards from the data.
  public var encoderNetworks: [Network] { encoder.indices.map { encoderNetwork($0) } }

  /// An encoder's network.
  ///
  /// - Parameters:
  ///   - layer: The layer, counted from the data.
  ///   - prefix: The beginning of the names of what it computes, where it serves twice in a program.
  func encoderNetwork(_ layer: Int, labelled prefix: String = "") -> Network {
    Network(
      "encoder.\(layer)",
      inputs: layer == 0 ? dataSize + (condition ?? 0) : encoder[layer - 1].latent,
      hidden: encoder[layer].hidden, hiddenKind, activation: activation,
      heads: encoder[layer].heads, labelled: prefix)
  }

  /// The decoder's networks, downwards from the topmost latent.
  public var decoderNetworks: [Network] {
    decoder.indices.map { position in
      let below = encoder.count - 2 - position
      let isLast = below < 0
      return Network(
        "decoder.\(position)", inputs: encoder[below + 1].latent + (isLast ? condition ?? 0 : 0),
        hidden: decoder[position].hidden, hiddenKind, activation: activation,
        // A latent given the one above is Gaussian.
        heads: (isLast ? likelihood.heads : Posterior.gaussian.heads).map {
          Head(
            name: $0,
            outputs: isLast ? dataSize * likelihood.headColumns : encoder[below].latent)
        })
    }
  }

  /// The numbers that the likelihood learns besides its heads: `likelihood.{name}`.
  public var likelihoodParameters: [Tensor] {
    likelihood.parameters.map { parameter in
      let count = parameter.size == .single ? 1 : dataSize
      return Tensor("likelihood.\(parameter.name)", .vector(count), .parameter)
    }
  }

  /// The numbers that the prior learns: `prior.{name}`.
  public var priorParameters: [Tensor] {
    guard let top = encoder.last else { return [] }
    if let joint = prior.joint { return joint.parameters(of: self).map(\.tensor) }
    return prior.parameters.map { Tensor("prior.\($0)", .vector(top.latent), .parameter) }
  }

  /// The parameters of p: the decoder's, the likelihood's, then the prior's.
  public var generativeParameters: [Tensor] {
    decoderNetworks.flatMap(\.parameters) + likelihoodParameters + priorParameters
  }

  /// The encoder's parameters that the prior uses too.
  var sharedParameters: [Tensor] { prior.joint?.shared(of: self) ?? [] }

  /// The parameters of q: the encoder's, layer by layer, each with what its posterior has beside heads.
  public var encoderParameters: [Tensor] {
    encoderNetworks.enumerated().flatMap { layer, network in
      network.parameters + moveParameters(layer).map(\.tensor)
    }
  }

  func moveParameters(_ layer: Int) -> [LayerParameter] {
    encoder[layer].posterior.move?.parameters(of: self, layer: layer) ?? []
  }

  /// Every parameter, with the names and shapes of the checkpoint: the encoder's, then those of p.
  public var parameters: [Tensor] { encoderParameters + generativeParameters }
}
