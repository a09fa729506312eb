import Foundation

/// The operations on numbers, as IEEE 754 has them, with NaN and infinities passed on.
extension Formula.Operation {
  /// The value for the operands' values. A variable has none of its own.
  func value(of operands: [Double]) -> Double {
    switch self {
    case .number(let value): value
    case .variable(let name): preconditionFailure("'\(name)' has no value of its own")
    case .add: operands[0] + operands[1]
    case .subtract: operands[0] - operands[1]
    case .multiply: operands[0] * operands[1]
    case .divide: operands[0] / operands[1]
    case .power: powerValue(operands[0], operands[1])
    case .negate: -operands[0]
    case .less: operands[0] < operands[1] ? 1 : 0
    case .where: isTrue(operands[0]) ? operands[1] : operands[2]
    case .function(let function): function.value(operands[0], operands[operands.count - 1])
    }
  }
}

/// Neither 0 nor NaN.
@inline(__always)
func isTrue(_ condition: Double) -> Bool { condition < 0 || condition > 0 }

func powerValue(_ x: Double, _ y: Double) -> Double { pow(x, y) }

extension Formula.Function {
  /// The value at x; for functions of two operands, at x and y.
  @inline(__always)
  func value(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .expm1: Foundation.expm1(x)
    case .sqrt: x.squareRoot()
    case .tanh: Foundation.tanh(x)
    case .sigmoid: sigmoidValue(x)
    case .softplus: softplusValue(x)
    case .lgamma: logGammaValue(x)
    case .digamma: digammaValue(x)
    case .abs: x.magnitude
    // NaN is neither above nor below and comes back as itself.
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0
    case .min: y < x || y.isNaN ? y : x
    case .max: x < y || y.isNaN ? y : x
    }
  }
}

/// Never takes the exponential of a positive number, which could overflow.
private func sigmoidValue(_ x: Double) -> Double {
  let small = exp(-x.magnitude)
  return (x < 0 ? small : 1) / (1 + small)
}

private func softplusValue(_ x: Double) -> Double {
  (x > 0 ? x : 0) + log1p(exp(-x.magnitude))
}

private func logGammaValue(_ x: Double) -> Double {
  // The overload with a sign in its result is the reentrant one: the other writes a global.
  let (value, _): (Double, Int) = lgamma(x)
  return value
}
