import Compute

extension Model {
  /// Initial parameters: Glorot's uniform weights, zero biases, and an output bias that gives the
  /// data's mean.
  ///
  /// Where nothing bounds what heads are computed from (no hidden layer, or units other than tanh),
  /// the weights of every head after the first start at zero: these are log-sigmas and the like,
  /// and a random one makes deviations of e^7 and more.
  ///
  /// - Parameters:
  ///   - seed: The seed of the weights.
  ///   - mean: The mean of each pixel; nil to leave the output's bias at zero.
  public func initialParameters(seed: UInt64, mean: [Double]? = nil) -> [Tensor: [Float]] {
    let calm = Set(
      (encoderNetworks + decoderNetworks)
        .filter { $0.hidden.isEmpty || activation != .tanh }
        .flatMap { $0.heads.dropFirst().map(\.weight) })
    var result: [Tensor: [Float]] = [:]
    for (index, parameter) in parameters.enumerated() {
      guard case .matrix(let outputs, let inputs) = parameter.shape else {
        result[parameter] = Array(repeating: 0, count: parameter.shape.count)
        continue
      }
      let limit = calm.contains(parameter) ? 0 : Float((6 / Double(outputs + inputs)).squareRoot())
      result[parameter] = (0..<outputs).flatMap { row in
        let address = NoiseAddress(
          seed: seed, purpose: .initialization, image: UInt32(index), sample: UInt32(row))
        return (0..<inputs).map { limit * (2 * address.uniform(column: $0) - 1) }
      }
    }
    for (tensor, parameter) in zip(likelihoodParameters, likelihood.parameters) {
      result[tensor] = Array(repeating: parameter.initial, count: tensor.shape.count)
    }
    if let mean, let last = decoderNetworks.last, mean.count == dataSize {
      result[last.heads[0].bias] = mean.map(likelihood.initialBias)
    }
    return result
  }
}
