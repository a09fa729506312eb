import Compute

/// Weights that stream: the tensors of running sums over weights of one scope and temperature.
struct WeightStream: Hashable {
  var scope: SampleScope
  var temperature: Float

  private var name: String { "\(scope)(\(temperature))" }

  /// `(1)`: the log-weight so far whose tempered share is largest.
  var maximum: Tensor { Tensor("stream.\(name).maximum", .vector(1), .state) }
  /// `(1)`: the sum of the shares.
  var sum: Tensor { Tensor("stream.\(name).sum", .vector(1), .state) }
  /// `(1)`: the factor of sums over shares of a degree when a chunk arrives.
  func decay(_ degree: Int) -> Tensor {
    Tensor("stream.\(name).decay.\(degree)", .vector(1), .temporary)
  }
  /// The maximum before anything has arrived.
  var nothing: Float { temperature > 0 ? -.infinity : .infinity }
}

extension WeightStream {
  init(_ rule: CoefficientRule) {
    self.init(scope: rule.scope, temperature: rule.temperature)
  }

  init(_ rule: BoundRule) {
    self.init(scope: rule.scope, temperature: rule.temperature)
  }
}

extension CoefficientRule {
  /// True if any coefficient depends on the weights.
  var isWeighted: Bool { linear != 0 || square != 0 }

  func factor(_ degree: Int) -> Float { degree == 1 ? linear : square }
}

extension EstimatorRule {
  /// The column whose stream weighs the encoder.
  var encoder: CoefficientRule {
    path.linear != 0 || path.square != 0 ? path : score
  }
}
