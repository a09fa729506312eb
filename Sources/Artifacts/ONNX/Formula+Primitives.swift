import Compute

/// Formulas in what ONNX's operators compute exactly or to the last bits in single precision.
///
/// Runtimes are free in how they compute sigmoid and softplus, and some lose the tails; there is no
/// operator for log1p, expm1, lgamma and digamma; and the sign of NaN is left open.
extension Formula {
  /// This formula without sigmoid, softplus, log1p, expm1, sign, lgamma and digamma.
  ///
  /// Each is replaced by a formula whose value is right in single precision; lgamma and digamma
  /// are NaN for negative numbers.
  var inPrimitives: Formula {
    let steps = FormulaSteps([self])
    var parts: [Formula] = []
    for step in steps.steps {
      parts.append(Self.inPrimitives(step.operation, step.operands.map { parts[$0] }))
    }
    return parts[steps.results[0]]
  }

  private static func inPrimitives(_ operation: Operation, _ operands: [Formula]) -> Formula {
    guard case .function(let function) = operation else { return Formula(operation, operands) }
    let x = operands[0]
    return switch function {
    case .exp, .log, .sqrt, .tanh, .abs, .min, .max: Formula(operation, operands)
    // NaN is neither below nor above 0 and comes back as itself.
    case .sign: .where(.less(x, 0), -1, .where(.less(0, x), 1, x))
    case .log1p: compensatedLog1p(x)
    case .expm1: compensatedExpm1(x)
    case .sigmoid: stableSigmoid(x)
    case .softplus: .max(x, 0) + compensatedLog1p(.exp(-.abs(x)))
    case .lgamma: shiftedLogGamma(x)
    case .digamma: shiftedDigamma(x)
    }
  }

  /// log(1 + x) = log(u) x / (u - 1), where u is 1 + x as it was rounded: the errors of both
  /// factors cancel. It is x where u is 1.
  private static func compensatedLog1p(_ x: Formula) -> Formula {
    let sum = 1 + x
    let rounded = sum - 1
    let logarithm = log(sum)
    // Past 1 the rounding is of the last bits, and an infinite x would make the quotient NaN.
    return .where(
      .less(abs(x), 1), .where(rounded, logarithm * (x / rounded), x), logarithm)
  }

  /// exp(x) - 1 = 2t / (1 - t) with t = tanh(x / 2), which cancels nothing near 0.
  private static func compensatedExpm1(_ x: Formula) -> Formula {
    let half = tanh(0.5 * x)
    return .where(.less(abs(x), 1), 2 * half / (1 - half), exp(x) - 1)
  }

  /// Takes no exponential of a positive number, which could overflow.
  private static func stableSigmoid(_ x: Formula) -> Formula {
    let small = exp(-.abs(x))
    return .where(.less(x, 0), small, 1) / (1 + small)
  }

  /// log gamma(x) = log gamma(y) - log(x (x + 1) (x + 2)) with y = x + 3, below 3; Stirling's series
  /// from there on, whose error is below 2e-8. Rounding makes that about 1e-6 of the value or, near
  /// the roots at 1 and 2, 1e-6.
  private static func shiftedLogGamma(_ x: Formula) -> Formula {
    let isSmall = less(x, 3)
    let y = Formula.where(isSmall, x + 3, x)
    let product = Formula.where(isSmall, x * (x + 1) * (x + 2), 1)
    // (y - 1/2) log(y) - y + log(2 pi) / 2, without the difference of two large numbers.
    let leading = (y - 0.5) * (log(y) - 1) + 0.418938533204672742
    let series = polynomial(
      in: 1 / (y * y), [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188])
    return .where(less(x, 0), Formula(.nan), leading + series / y - log(product))
  }

  /// digamma(x) = digamma(x + 4) - 1/x - 1/(x + 1) - 1/(x + 2) - 1/(x + 3), below 4; its asymptotic
  /// series from there on. The error is about 5e-7 of the value or, near the root, 5e-7.
  private static func shiftedDigamma(_ x: Formula) -> Formula {
    let isSmall = less(x, 4)
    let y = Formula.where(isSmall, x + 4, x)
    let terms = 1 / x + (1 / (x + 1) + (1 / (x + 2) + 1 / (x + 3)))
    let square = 1 / (y * y)
    let series = polynomial(
      in: square, [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132])
    let value = log(y) - 0.5 / y - square * series - .where(isSmall, terms, 0)
    return .where(less(x, 0), Formula(.nan), value)
  }

  /// A polynomial by Horner's rule, the constant first.
  private static func polynomial(in x: Formula, _ coefficients: [Double]) -> Formula {
    coefficients.dropLast().reversed().reduce(Formula(coefficients.last ?? 0)) {
      Formula($1) + x * $0
    }
  }
}
