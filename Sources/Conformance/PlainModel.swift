import Compute
import Foundation
import IWAE

/// A model's densities as plain loops in double precision, a row for each sample, with parameters that
/// each density may have of its own.
struct PlainModel {
  typealias Parameters = (Tensor) -> [Double]

  let model: Model
  let rows: Int
  /// `(R, D)`: each sample's image.
  let images: [Double]
  /// Beside each row what it is told of its label, nothing without labels.
  let labels: [[Double]]
  /// `(R, latent)` for each layer.
  let noise: [[Double]]

  /// The samples of every layer, upwards from the data.
  func samples(_ parameters: Parameters) -> [[Double]] {
    var samples: [[Double]] = []
    for (layer, network) in model.encoderNetworks.enumerated() {
      let posterior = model.encoder[layer].posterior
      var values = heads(
        of: network, samples.last ?? told(images), posterior.heads, parameters)
      values["e"] = noise[layer]
      let units = evaluate(posterior.sample, values, count: noise[layer].count)
      samples.append(moved(units, layer, values, parameters))
    }
    return samples
  }

  /// log q(h|x) of every row, at given samples.
  func posterior(at samples: [[Double]], _ parameters: Parameters) -> [Double] {
    var total = [Double](repeating: 0, count: rows)
    for (layer, network) in model.encoderNetworks.enumerated() {
      let posterior = model.encoder[layer].posterior
      var values = heads(
        of: network, layer == 0 ? told(images) : samples[layer - 1], posterior.heads, parameters)
      let (units, spreads) = unmoved(samples[layer], layer, values, parameters)
      values["z"] = units
      add(
        posterior.logDensity,
        values.filter { posterior.unitHeads.contains($0.key) || $0.key == "z" }, to: &total)
      for row in 0..<rows { total[row] -= spreads[row] }
    }
    return total
  }

  /// log p(x|h) of every row.
  func likelihood(at samples: [[Double]], _ parameters: Parameters) -> [Double] {
    let network = model.decoderNetworks[model.decoder.count - 1]
    var values = heads(of: network, told(samples[0]), model.likelihood.heads, parameters)
    values["x"] = images
    for (parameter, tensor) in zip(model.likelihood.parameters, model.likelihoodParameters) {
      values[parameter.name] = columns(parameters(tensor), of: model.dataSize)
    }
    var total = [Double](repeating: 0, count: rows)
    if let logDensity = model.likelihood.logDensity {
      add(logDensity, values, to: &total)
    } else if let classes = model.likelihood.classes {
      for (index, x) in images.enumerated() {
        let logits = values[model.likelihood.heads[0], default: []]
        let own = logits[index * classes..<(index + 1) * classes]
        total[index / model.dataSize] +=
          own[own.startIndex + Int(x)] - log(own.reduce(0) { $0 + exp($1) })
      }
    }
    return total
  }

  /// log p(h) of every row: the prior and what lies below it.
  func prior(at samples: [[Double]], _ parameters: Parameters) -> [Double] {
    let top = samples.count - 1
    var values = ["z": samples[top]]
    for (name, tensor) in zip(model.prior.parameters, model.priorParameters) {
      values[name] = columns(parameters(tensor), of: tensor.shape.count)
    }
    var total = [Double](repeating: 0, count: rows)
    if let logDensity = model.prior.logDensity { add(logDensity, values, to: &total) }
    for (position, network) in model.decoderNetworks.enumerated().dropLast() {
      let layer = top - position
      var values = heads(of: network, samples[layer], Posterior.gaussian.heads, parameters)
      values["z"] = samples[layer - 1]
      add(Posterior.gaussian.logDensity, values, to: &total)
    }
    return total
  }

  // MARK: Parts

  /// A parameter's values at every element.
  private func columns(_ values: [Double], of count: Int) -> [Double] {
    values.count == 1 ? values : Array(repeating: values, count: rows).flatMap(\.self)
  }

  /// Rows with the labels behind them.
  private func told(_ values: [Double]) -> [Double] {
    let columns = values.count / rows
    return (0..<rows).flatMap { values[$0 * columns..<($0 + 1) * columns] + labels[$0] }
  }

  private func heads(
    of network: Network, _ input: [Double], _ names: [String], _ parameters: Parameters
  ) -> [String: [Double]] {
    let hidden = network.parameters.filter { $0.name.contains(".hidden.") }
    var last = input
    for index in stride(from: 0, to: hidden.count, by: 2) {
      last = dense(hidden[index], hidden[index + 1], last, rows: rows, parameters).map(activate)
    }
    return Dictionary(
      uniqueKeysWithValues: zip(
        names, network.heads.map { dense($0.weight, $0.bias, last, rows: rows, parameters) }))
  }

  /// A dense layer, by its weight and its bias.
  func dense(
    _ weight: Tensor, _ bias: Tensor, _ input: [Double], rows: Int, _ parameters: Parameters
  ) -> [Double] {
    let (outputs, inputs) = (weight.shape.rows, weight.shape.columns)
    let (weight, bias) = (parameters(weight), parameters(bias))
    var result: [Double] = []
    for row in 0..<rows {
      for output in 0..<outputs {
        var sum = bias[output]
        for index in 0..<inputs {
          sum += weight[output * inputs + index] * input[row * inputs + index]
        }
        result.append(sum)
      }
    }
    return result
  }

  func activate(_ x: Double) -> Double {
    switch model.activation {
    case .identity: x
    case .tanh: tanh(x)
    case .relu: max(x, 0)
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    case .logistic: 1 / (1 + exp(-x))
    }
  }

  private func evaluate(
    _ formula: Formula, _ values: [String: [Double]], count: Int
  ) -> [Double] {
    FormulaSteps([formula]).evaluate(count: count, values)[0]
  }

  /// Adds a density's sum over each row.
  private func add(_ formula: Formula, _ values: [String: [Double]], to total: inout [Double]) {
    let count = values.values.map(\.count).max() ?? rows
    let terms = evaluate(formula, values, count: count)
    for (index, term) in terms.enumerated() { total[index / (count / rows)] += term }
  }
}
