import Compute
import Foundation
import IWAE

/// Why a model cannot be written as ONNX.
public struct ONNXError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// A model as two files of the Open Neural Network Exchange format, for programs that run such files.
///
/// All arrays are float32 with one sample a row, `(N, columns)`; N is free, and the same for all
/// arrays of a call. Layers are counted as in the checkpoint, from the data upwards.
/// - The encoder takes `images` and each layer's standard normal `noise.{l}`, and gives `mean.{l}`,
///   `log_sigma.{l}` and the sample `latent.{l}`, which is what the layer above is computed from.
/// - The decoder takes `latent.{top}` and the `noise.{l}` of the layers below, and gives the same
///   three of those layers, and of the data `logits` and `probabilities` (Bernoulli) or `mean` and
///   `log_sigma` (Gaussian).
public struct ONNXModel: Hashable, Sendable {
  /// The content of `encoder.onnx`.
  public let encoder: Data
  /// The content of `decoder.onnx`.
  public let decoder: Data

  /// The longest message that readers of protocol buffers take.
  static let sizeLimit = Int(Int32.max)

  /// Writes both graphs.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - parameters: The values of each of the model's parameters.
  public init(_ model: Model, parameters: [Tensor: [Float]]) throws(ONNXError) {
    try self.init(model, parameters: parameters, sizeLimit: Self.sizeLimit)
  }

  init(
    _ model: Model, parameters: [Tensor: [Float]], sizeLimit: Int
  ) throws(ONNXError) {
    // Both are checked before either is built: building takes a while and some copies.
    for (name, networks) in [
      ("encoder", model.encoderNetworks), ("decoder", model.decoderNetworks),
    ] {
      let count = networks.flatMap(\.parameters).reduce(0) { $0 + $1.shape.count }
      try Self.check(4 * count, name, limit: sizeLimit)
    }
    encoder = try Self.encoder(model, parameters)
    decoder = try Self.decoder(model, parameters)
    // Names and sizes come on top of the weights.
    try Self.check(encoder.count, "encoder", limit: sizeLimit)
    try Self.check(decoder.count, "decoder", limit: sizeLimit)
  }

  private static func check(_ size: Int, _ name: String, limit: Int) throws(ONNXError) {
    guard size > limit else { return }
    throw ONNXError(
      "The \(name) takes \(size) bytes as ONNX, but a file of that format holds at most \(limit). "
        + "Use the checkpoint itself, or a model with smaller layers.")
  }

  private static func encoder(
    _ model: Model, _ parameters: [Tensor: [Float]]
  ) throws(ONNXError) -> Data {
    var graph = ONNXGraph("encoder")
    var value = graph.input("images", columns: model.dataSize)
    for (layer, network) in model.encoderNetworks.enumerated() {
      let noise = graph.input("noise.\(layer)", columns: model.encoder[layer].latent)
      value = try graph.append(
        network, model, parameters, from: value, layer: layer, noise: noise)
    }
    return graph.file
  }

  private static func decoder(
    _ model: Model, _ parameters: [Tensor: [Float]]
  ) throws(ONNXError) -> Data {
    var graph = ONNXGraph("decoder")
    let networks = model.decoderNetworks
    let top = networks.count - 1
    var value = graph.input("latent.\(top)", columns: model.encoder[top].latent)
    for (position, network) in networks.dropLast().enumerated() {
      let layer = top - 1 - position
      let noise = graph.input("noise.\(layer)", columns: model.encoder[layer].latent)
      value = try graph.append(
        network, model, parameters, from: value, layer: layer, noise: noise)
    }
    let columns = model.dataSize
    switch model.likelihood {
    case .bernoulli:
      let heads = try graph.append(
        networks[top], model, parameters, from: value, heads: ["logits"], columns: columns)
      graph.output(graph.node("Sigmoid", heads, "probabilities"), columns: columns)
    case .gaussian:
      try graph.append(
        networks[top], model, parameters, from: value, heads: ["mean", "log_sigma"],
        columns: columns)
    }
    return graph.file
  }
}

extension ONNXGraph {
  /// Adds a network that ends in a stochastic layer, and gives the name of the layer's sample back.
  fileprivate mutating func append(
    _ network: Network, _ model: Model, _ parameters: [Tensor: [Float]], from input: String,
    layer: Int, noise: String
  ) throws(ONNXError) -> String {
    let columns = model.encoder[layer].latent
    let heads = try append(
      network, model, parameters, from: input, heads: ["mean.\(layer)", "log_sigma.\(layer)"],
      columns: columns)
    // latent = mean + exp(log_sigma) * noise
    let sigma = node("Exp", [heads[1]], "sigma.\(layer)")
    let deviation = node("Mul", [sigma, noise], "deviation.\(layer)")
    let sample = node("Add", [heads[0], deviation], "latent.\(layer)")
    output(sample, columns: columns)
    return sample
  }

  /// Adds a network whose heads are outputs of the graph, and gives the heads' names back.
  @discardableResult
  fileprivate mutating func append(
    _ network: Network, _ model: Model, _ parameters: [Tensor: [Float]], from input: String,
    heads names: [String], columns: Int
  ) throws(ONNXError) -> [String] {
    var value = input
    for (index, dense) in network.hidden.enumerated() {
      let name = "\(network.name).hidden.\(index)"
      let sum = try append(dense, parameters, from: value, to: "\(name).sum")
      value = node(Self.operation(model.activation), [sum], name)
    }
    for (dense, name) in zip(network.heads, names) {
      output(try append(dense, parameters, from: value, to: name), columns: columns)
    }
    return names
  }

  /// Adds a dense layer: `input * transpose(weight) + bias`.
  private mutating func append(
    _ dense: Dense, _ parameters: [Tensor: [Float]], from input: String, to output: String
  ) throws(ONNXError) -> String {
    for tensor in [dense.weight, dense.bias] {
      guard let values = parameters[tensor], values.count == tensor.shape.count else {
        let found = parameters[tensor].map { "\($0.count)" } ?? "none"
        throw ONNXError(
          "The parameter '\(tensor.name)' should have \(tensor.shape.count) values, found \(found). "
            + "Give the model and the parameters of the same checkpoint.")
      }
      initializer(tensor, values)
    }
    return node(
      "Gemm", [input, dense.weight.name, dense.bias.name], output, attributes: ["transB": 1])
  }

  private static func operation(_ activation: Activation) -> String {
    switch activation {
    case .tanh: "Tanh"
    case .relu: "Relu"
    case .softplus: "Softplus"
    case .logistic: "Sigmoid"
    case .identity: "Identity"
    }
  }
}
