import Compute
import Foundation

extension Activation {
  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .tanh: Foundation.tanh(x)
    case .relu: x < 0 ? 0 : x
    case .softplus: logOnePlusExp(x)
    case .logistic: sigmoid(x)
    }
  }

  /// The derivative, from the activation's own output y.
  func derivative(at y: Double) -> Double {
    switch self {
    case .identity: 1
    case .tanh: 1 - y * y
    case .relu: y > 0 ? 1 : 0
    case .softplus: 1 - exp(-y)
    case .logistic: y * (1 - y)
    }
  }
}

extension ReferenceExecutable {
  func run(_ operation: Multiply) {
    let (rows, columns) = (operation.output.shape.rows, operation.output.shape.columns)
    let depth = operation.depth
    let input = self[operation.input]
    let weight = self[operation.weight]
    let bias = operation.bias.map { self[$0] }
    let at = operation.derivativeAt.map { self[$0] }
    var output = self[operation.output]
    // Element (j, k) of the matrix whose rows the input's rows meet.
    let (step, stride) = operation.transposed ? (1, columns) : (depth, 1)
    for row in 0..<rows {
      for j in 0..<columns {
        var sum = bias?[j] ?? 0
        for k in 0..<depth { sum += input[row * depth + k] * weight[j * step + k * stride] }
        let index = row * columns + j
        if operation.accumulates { sum += output[index] }
        if let at {
          output[index] = sum * operation.activation.derivative(at: at[index])
        } else {
          output[index] = operation.activation(sum)
        }
      }
    }
    self[operation.output] = output
  }

  func run(_ operation: WeightGradient) {
    let (outputs, inputs) = (operation.gradient.shape.rows, operation.gradient.shape.columns)
    let delta = self[operation.delta]
    let input = self[operation.input]
    let scale = operation.rowScale.map { self[$0] }
    var gradient = start(
      operation.gradient, accumulates: operation.accumulates, decay: operation.decay)
    for row in 0..<operation.delta.shape.rows {
      for o in 0..<outputs {
        let scaled = (scale?[row] ?? 1) * delta[row * outputs + o]
        for i in 0..<inputs { gradient[o * inputs + i] += scaled * input[row * inputs + i] }
      }
    }
    self[operation.gradient] = gradient
  }

  func run(_ operation: BiasGradient) {
    let outputs = operation.gradient.shape.count
    let delta = self[operation.delta]
    let scale = operation.rowScale.map { self[$0] }
    var gradient = start(
      operation.gradient, accumulates: operation.accumulates, decay: operation.decay)
    for row in 0..<operation.delta.shape.rows {
      for o in 0..<outputs { gradient[o] += (scale?[row] ?? 1) * delta[row * outputs + o] }
    }
    self[operation.gradient] = gradient
  }

  /// What a sum is added to: nothing, or what is there, row by row times its decay.
  func start(_ tensor: Tensor, accumulates: Bool, decay: Tensor?) -> [Double] {
    guard accumulates else { return Array(repeating: 0, count: tensor.shape.count) }
    guard let factors = decay.map({ self[$0] }) else { return self[tensor] }
    let perFactor = tensor.shape.count / factors.count
    return self[tensor].enumerated().map { index, value in
      let factor = factors[index / perFactor]
      return factor == 0 ? 0 : factor * value
    }
  }

  func run(_ operation: Adam) {
    let (stepSize, momentScale) = (Double(control.stepSize), Double(control.momentScale))
    let (beta1, beta2) = (Double(operation.beta1), Double(operation.beta2))
    for parameter in memory.tensors where parameter.role == .parameter {
      var p = self[parameter]
      let g = self[parameter.counterpart(.gradient)]
      var m = self[parameter.counterpart(.firstMoment)]
      var v = self[parameter.counterpart(.secondMoment)]
      for i in p.indices {
        let before = (m: m[i], v: v[i])
        m[i] += (1 - beta1) * (g[i] - m[i])
        v[i] += (1 - beta2) * (g[i] * g[i] - v[i])
        let used = operation.isDelayed ? before : (m: m[i], v: v[i])
        p[i] += stepSize * used.m / (momentScale * used.v.squareRoot() + Double(operation.epsilon))
      }
      self[parameter] = p
      self[parameter.counterpart(.firstMoment)] = m
      self[parameter.counterpart(.secondMoment)] = v
    }
  }
}
