import Compute

extension BoundRule {
  /// The bound of one image.
  func evaluate(_ logWeights: ArraySlice<Double>, samples: Int) -> Double {
    let tempered = logWeights.map { $0 * Double(temperature) }[...]
    let count = scope == .all ? tempered.count : samples
    let parts = stride(from: 0, to: tempered.count, by: count).map {
      logMeanExp(tempered[$0..<$0 + count]) / Double(temperature)
    }
    let mean = logWeights.reduce(0, +) / Double(logWeights.count)
    let tight = parts.reduce(0, +) / Double(parts.count)
    // A share of zero takes no part, even of an infinite term.
    let share = Double(meanShare)
    return (share == 0 ? 0 : share * mean) + (share == 1 ? 0 : (1 - share) * tight)
  }
}

extension CoefficientRule {
  /// The coefficients of one image's samples.
  func evaluate(_ logWeights: ArraySlice<Double>, samples: Int) -> [Double] {
    let tempered = logWeights.map { $0 * Double(temperature) }[...]
    let count = scope == .all ? tempered.count : samples
    return stride(from: 0, to: tempered.count, by: count).flatMap {
      softmax(tempered[$0..<$0 + count]).map { w in
        Double(constant) + Double(linear) * w + Double(square) * w * w
      }
    }
  }
}

/// For each sample, how much the log of the mean weight falls when its log-weight is replaced by
/// the mean of the others'; 0 where no sample has any weight.
func leaveOneOut(_ logWeights: ArraySlice<Double>) -> [Double] {
  let whole = logMeanExp(logWeights)
  if whole == -.infinity { return logWeights.map { _ in 0 } }
  return logWeights.indices.map { left in
    let others = logWeights.indices.filter { $0 != left }.map { logWeights[$0] }
    let mean = others.reduce(0, +) / Double(others.count)
    return whole - logMeanExp((others + [mean])[...])
  }
}

extension ReferenceExecutable {
  func run(_ operation: Estimate) {
    let logWeights = self[operation.logWeights]
    let perImage = operation.groups * operation.samples
    let images = stride(from: 0, to: logWeights.count, by: perImage).map {
      logWeights[$0..<$0 + perImage]
    }
    func bounds(_ rule: BoundRule) -> [Double] {
      images.map { rule.evaluate($0, samples: operation.samples) }
    }
    func coefficients(_ rule: CoefficientRule) -> [Double] {
      images.flatMap { rule.evaluate($0, samples: operation.samples) }
        .map { Double(operation.scale) * $0 }
    }
    let rule = operation.rule
    self[operation.bounds] = bounds(rule.bound)
    if let tensor = operation.encoderBounds { self[tensor] = bounds(rule.encoderBound) }
    if let tensor = operation.decoderCoefficients { self[tensor] = coefficients(rule.decoder) }
    if let tensor = operation.pathCoefficients { self[tensor] = coefficients(rule.path) }
    if let tensor = operation.scoreCoefficients {
      var scores = coefficients(rule.score)
      if rule.leaveOneOut != 0 {
        for start in stride(from: 0, to: logWeights.count, by: operation.samples) {
          let falls = leaveOneOut(logWeights[start..<start + operation.samples])
          for (offset, fall) in falls.enumerated() {
            scores[start + offset] += Double(rule.leaveOneOut * operation.scale) * fall
          }
        }
      }
      self[tensor] = scores
    }
  }
}
