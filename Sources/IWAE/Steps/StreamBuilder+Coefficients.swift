import Compute

extension StreamBuilder {
  /// Appends the coefficients of a chunk's samples, degree by degree.
  mutating func appendCoefficients(_ logWeights: Tensor) throws(ProgramError) {
    let bound = rule.bound
    if bound.meanShare != 0 {
      try step.program.append(
        .sum(
          Sum(
            input: logWeights, scale: bound.meanShare / Float(counts.all), accumulates: true,
            output: imageBound)))
    }
    var columns: [SampleCoefficients] = []
    if let constant = try appendConstant(logWeights) { columns.append(constant) }
    var outputs: [WeightStream: [AccumulateWeights.Coefficients]] = [:]
    for place in [GradientTarget.Place.linear, .square] {
      let degree = place.degree
      func output(_ rule: CoefficientRule, _ name: String) -> Tensor {
        let stream = WeightStream(rule)
        let factor = rule.factor(degree) * configuration.scale
        let known = outputs[stream]?.first {
          $0.factor == factor && ($0.degree == degree || factor == 0)
        }
        if let known { return known.output }
        let tensor = Tensor("coefficients.\(place.name).\(name)", logWeights.shape, .temporary)
        outputs[stream, default: []].append(
          .init(degree: degree, factor: factor, output: tensor))
        return tensor
      }
      let weighsDecoder = rule.decoder.factor(degree) != 0
      let weighsEncoder = rule.path.factor(degree) != 0 || rule.score.factor(degree) != 0
      guard weighsDecoder || weighsEncoder else { continue }
      func target(_ rule: CoefficientRule) -> GradientTarget {
        GradientTarget(
          place, accumulates: true, decay: WeightStream(rule).decay(degree))
      }
      // The path and the score belong to one stream: that of whichever has weights.
      var (path, score) = (rule.path, rule.score)
      (path.scope, path.temperature) = (rule.encoder.scope, rule.encoder.temperature)
      (score.scope, score.temperature) = (path.scope, path.temperature)
      columns.append(
        SampleCoefficients(
          decoder: weighsDecoder ? output(rule.decoder, "decoder") : nil,
          path: weighsEncoder && !rule.path.isZero ? output(path, "path") : nil,
          score: weighsEncoder && rule.hasScore ? output(score, "score") : nil,
          forDecoder: target(rule.decoder), forEncoder: target(rule.encoder)))
    }
    for stream in streams {
      try step.program.append(
        .accumulateWeights(
          AccumulateWeights(
            logWeights: logWeights, temperature: stream.temperature, maximum: stream.maximum,
            sum: stream.sum, decay: stream.decay(1), squaredDecay: stream.decay(2),
            coefficients: outputs[stream] ?? [])))
    }
    step.coefficients = columns
  }

  /// Appends the coefficients' constant parts, which go straight into the gradient.
  private mutating func appendConstant(
    _ logWeights: Tensor
  ) throws(ProgramError) -> SampleCoefficients? {
    func constant(_ rule: CoefficientRule) -> CoefficientRule {
      CoefficientRule(constant: rule.constant)
    }
    let parts = EstimatorRule(
      bound: BoundRule(meanShare: 1), decoder: constant(rule.decoder), path: constant(rule.path),
      score: constant(rule.score))
    guard !(parts.decoder.isZero && parts.path.isZero && parts.score.isZero) else { return nil }
    return try step.appendCoefficients(
      parts, of: logWeights, prefix: "constant.",
      bounds: Tensor("coefficients.constant.mean", .vector(1), .temporary),
      into: GradientTarget(accumulates: true))
  }
}
