import Compute
import IWAE

extension ONNXGraph {
  /// Adds a network that ends in a stochastic layer, and gives the name of the layer's sample back.
  mutating func append(
    _ network: Network, _ model: Model, _ parameters: [Tensor: [Float]], from input: String,
    to layer: Int, _ posterior: Posterior
  ) throws(ONNXError) -> String {
    let columns = model.encoder[layer].latent
    let sample = "latent.\(layer)"
    let noise = self.input("noise.\(layer)", columns: columns)
    let names = posterior.heads.map { head in
      Self.name("\(head).\(layer)", unlessIn: [sample, noise])
    }
    try append(network, model, parameters, from: input, heads: names, columns: columns)
    var rows = Dictionary(uniqueKeysWithValues: zip(posterior.heads, names))
    rows["e"] = noise
    append(posterior.sample, rows: rows, to: sample)
    output(sample, columns: columns)
    return sample
  }

  /// Adds the network of the data's distribution, its learned parameters and its mean.
  mutating func appendLikelihood(
    _ network: Network, _ model: Model, _ parameters: [Tensor: [Float]], from input: String
  ) throws(ONNXError) {
    let (likelihood, columns) = (model.likelihood, model.dataSize)
    let meanName = likelihood.family == "bernoulli" ? "probabilities" : "expectation"
    let meanIsHead = likelihood.heads.contains { likelihood.mean == .variable($0) }
    let names = likelihood.heads.map { Self.name($0, unlessIn: meanIsHead ? [] : [meanName]) }
    try append(network, model, parameters, from: input, heads: names, columns: columns)
    var vectors: [String: String] = [:]
    for (tensor, parameter) in zip(model.likelihoodParameters, likelihood.parameters) {
      vectors[parameter.name] = try initializer(tensor, of: parameters)
      repeated(tensor.name, like: names[0], to: parameter.name)
      output(parameter.name, columns: columns)
    }
    guard !meanIsHead else { return }
    let rows = Dictionary(uniqueKeysWithValues: zip(likelihood.heads, names))
    append(likelihood.mean, rows: rows, vectors: vectors, to: meanName)
    output(meanName, columns: columns)
  }

  /// The name, or another one where the graph has it already.
  private static func name(_ head: String, unlessIn taken: [String]) -> String {
    taken.contains(head) ? "head.\(head)" : head
  }

  /// Adds a network whose heads are outputs of the graph.
  private mutating func append(
    _ network: Network, _ model: Model, _ parameters: [Tensor: [Float]], from input: String,
    heads names: [String], columns: Int
  ) throws(ONNXError) {
    var value = input
    for (index, dense) in network.hidden.enumerated() {
      let name = "\(network.name).hidden.\(index)"
      let sum = try append(dense, parameters, from: value, to: "\(name).sum")
      value = node(Self.operation(model.activation), [sum], name)
    }
    for (dense, name) in zip(network.heads, names) {
      output(try append(dense, parameters, from: value, to: name), columns: columns)
    }
  }

  /// Adds a dense layer: `input * transpose(weight) + bias`.
  private mutating func append(
    _ dense: Dense, _ parameters: [Tensor: [Float]], from input: String, to output: String
  ) throws(ONNXError) -> String {
    let constants = [
      try initializer(dense.weight, of: parameters), try initializer(dense.bias, of: parameters),
    ]
    return node("Gemm", [input] + constants, output, attributes: ["transB": 1])
  }

  /// Adds a parameter's values, and gives its name back.
  private mutating func initializer(
    _ tensor: Tensor, of parameters: [Tensor: [Float]]
  ) throws(ONNXError) -> String {
    guard let values = parameters[tensor], values.count == tensor.shape.count else {
      let found = parameters[tensor].map { "\($0.count)" } ?? "none"
      throw ONNXError(
        "The parameter '\(tensor.name)' should have \(tensor.shape.count) values, found \(found). "
          + "Give the model and the parameters of the same checkpoint.")
    }
    initializer(tensor, values)
    return tensor.name
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
