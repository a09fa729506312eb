import Compute
import Foundation

/// log(1 + e^x), for large |x| as well.
func logOnePlusExp(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// 1 / (1 + e^-x)
func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

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
}
