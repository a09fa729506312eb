import Compute

extension ReferenceExecutable {
  func run(_ operation: Draw) {
    let logWeights = self[operation.logWeights]
    let indices = self[operation.indices]
    let perImage = operation.groups * operation.samples
    let perScope = perImage / operation.scopes
    let rule = operation.rule
    let count = Double(operation.count)
    var drawn: [Double] = []
    var weights: [Double] = []
    for (image, index) in indices.enumerated() {
      for scope in 0..<operation.scopes {
        let start = image * perImage + scope * perScope
        let w = softmax(
          logWeights[start..<start + perScope].map { $0 * Double(rule.decoder.temperature) }[...])
        let address = NoiseAddress(
          seed: control.seed, purpose: .resampling, time: control.step, image: UInt32(index),
          sample: UInt32(scope))
        let uniform = Double(address.uniform(column: 0))
        var (next, passed, chosen) = (0, 0.0, 0)
        for draw in 0..<operation.count {
          while next < perScope, passed <= (Double(draw) + uniform) / count {
            passed += w[next]
            if w[next] > 0 { chosen = next }
            next += 1
          }
          drawn.append(Double(scope * perScope + chosen))
          weights.append(w[chosen])
        }
      }
    }
    func coefficients(_ column: CoefficientRule) -> [Double] {
      weights.map { w in
        // Where there is no weight there is no signal.
        w == 0
          ? 0
          : Double(operation.scale) * (Double(column.linear) + Double(column.square) * w) / count
      }
    }
    self[operation.drawn] = drawn
    self[operation.decoderCoefficients] = coefficients(rule.decoder)
    self[operation.pathCoefficients] = coefficients(rule.path)
    if let tensor = operation.scoreCoefficients { self[tensor] = coefficients(rule.score) }
  }
}
