import Compute

extension Model {
  /// Initial parameters: what the layers say, as Glorot's uniform weights and zero biases, and an
  /// output bias that gives the data's mean.
  ///
  /// If nothing bounds what heads are computed from (no hidden layer, or units without bounds), the
  /// weights of every head after the first start at zero: these are log-sigmas and the like, and a
  /// random one makes deviations of e^7 and more.
  ///
  /// - Parameters:
  ///   - seed: The seed of the weights.
  ///   - mean: The mean of each pixel; nil to leave the output's bias at zero.
  ///   - frequencies: `(D, C)`: the frequency of each class of each variable, where data are classes;
  ///     nil to leave the output's bias at zero.
  ///   - images: Some images of the data, from which a vamp prior's inputs start; where there are none,
  ///     they start at the mean with noise.
  public func initialParameters(
    seed: UInt64, mean: [Double]? = nil, frequencies: [Double]? = nil, images: [[Float]] = []
  ) -> [Tensor: [Float]] {
    let networks = encoderNetworks + decoderNetworks
    let others =
      encoder.indices.flatMap(moveParameters) + (prior.joint?.parameters(of: self) ?? [])
    let calm = Set(
      networks.filter { $0.hidden.last?.isBounded != true }
        .flatMap { $0.heads.dropFirst().map(\.weight) })
    let starts = Dictionary(
      uniqueKeysWithValues: (networks.flatMap(\.layerParameters) + others).map {
        ($0.tensor, $0.start)
      })
    var result: [Tensor: [Float]] = [:]
    for (index, parameter) in parameters.enumerated() {
      switch starts[parameter] ?? .constant(0) {
      case .constant(let value):
        result[parameter] = Array(repeating: value, count: parameter.shape.count)
      case .normal, .images:
        let isOfImages = starts[parameter] == .images
        result[parameter] = (0..<parameter.shape.rows).flatMap { row in
          let address = NoiseAddress(
            seed: seed, purpose: .initialization, image: UInt32(index), sample: UInt32(row))
          let image = isOfImages && !images.isEmpty ? images[row % images.count] : nil
          return (0..<parameter.shape.columns).map { column in
            let center = isOfImages ? mean.map { Self.logit($0[column]) } ?? 0 : 0
            guard let image else { return center + address.normal(column: column) }
            // A value may be missing; and an image that comes again would never part from the first.
            let start = image[column].isNaN ? center : Self.logit(Double(image[column]))
            return row < images.count ? start : start + address.normal(column: column)
          }
        }
      case .glorot:
        let limit = calm.contains(parameter) ? 0 : parameter.shape.glorotLimit
        result[parameter] = (0..<parameter.shape.rows).flatMap { row in
          let address = NoiseAddress(
            seed: seed, purpose: .initialization, image: UInt32(index), sample: UInt32(row))
          return (0..<parameter.shape.columns).map {
            limit * (2 * address.uniform(column: $0) - 1)
          }
        }
      }
    }
    for (tensor, parameter) in zip(likelihoodParameters, likelihood.parameters) {
      result[tensor] = Array(repeating: parameter.initial, count: tensor.shape.count)
    }
    let bias = decoderNetworks[decoder.count - 1].heads[0].bias
    if likelihood.classes != nil {
      result[bias] = frequencies.map(Likelihood.classBiases) ?? result[bias]
    } else if let mean, mean.count == dataSize {
      result[bias] = mean.map(likelihood.initialBias)
    }
    return result
  }
}

extension Model {
  /// The logit of a number that is first brought well within (0, 1).
  private static func logit(_ value: Double) -> Float {
    let inside = min(max(value, 0.05), 0.95)
    return Float(naturalLogarithm(inside / (1 - inside)))
  }
}

extension Shape {
  /// The largest weight of Glorot and Bengio's uniform distribution.
  fileprivate var glorotLimit: Float { Float((6 / Double(rows + columns)).squareRoot()) }
}
