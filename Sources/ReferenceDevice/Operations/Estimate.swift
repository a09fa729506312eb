import Compute
import Foundation

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

extension RiemannSum {
  /// The sum for the samples of one group.
  func evaluate(_ logWeights: ArraySlice<Double>) -> Double {
    let finite = logWeights.count { $0 > -.infinity }
    return terms.reduce(log(Double(finite) / Double(logWeights.count))) {
      $0 + $1.width * TemperedWeights(logWeights, at: $1.point).mean
    }
  }

  /// A column's coefficients of one group's samples.
  func evaluate(
    _ logWeights: ArraySlice<Double>, linear: Double, isScore: Bool
  ) -> [Double] {
    var sums = logWeights.map { _ in 0.0 }
    for (point, width) in terms {
      let tempered = TemperedWeights(logWeights, at: point)
      let slope = isScore ? point - 1 : point
      for (index, (weight, logWeight)) in zip(tempered.weights, logWeights).enumerated()
      where weight != 0 {
        sums[index] += width * linear * weight * (1 + slope * (logWeight - tempered.mean))
      }
    }
    return sums
  }
}

/// The weights softmax(b log w) of a group's samples, and the mean of log w under them. A sample whose
/// weight is 0 has none at any point: that at b = 0 is the limit of those above.
private struct TemperedWeights {
  var weights: [Double]
  var mean: Double

  init(_ logWeights: ArraySlice<Double>, at point: Double) {
    weights = softmax(
      logWeights.map { $0 == -.infinity ? -.infinity : point * $0 }[...])
    let isEmpty = weights.allSatisfy { $0 == 0 }
    mean =
      isEmpty
      ? -.infinity
      : zip(weights, logWeights).reduce(0) { $0 + ($1.0 == 0 ? 0 : $1.0 * $1.1) }
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
    let (rule, samples) = (operation.rule, operation.samples)
    let perImage = operation.groups * samples
    let images = parts(of: logWeights, perImage)
    func bounds(_ bound: BoundRule) -> [Double] {
      images.map { image in
        guard let sum = rule.riemann else { return bound.evaluate(image, samples: samples) }
        return parts(of: Array(image), samples).reduce(0) { $0 + sum.evaluate($1) }
          / Double(operation.groups)
      }
    }
    func coefficients(_ column: CoefficientRule, isScore: Bool = false) -> [Double] {
      let values =
        if let sum = rule.riemann {
          parts(of: logWeights, samples).flatMap {
            sum.evaluate($0, linear: Double(column.linear), isScore: isScore)
          }
        } else {
          images.flatMap { column.evaluate($0, samples: samples) }
        }
      return values.map { Double(operation.scale) * $0 }
    }
    self[operation.bounds] = bounds(rule.bound)
    if let tensor = operation.encoderBounds { self[tensor] = bounds(rule.encoderBound) }
    if let tensor = operation.decoderCoefficients { self[tensor] = coefficients(rule.decoder) }
    if let tensor = operation.pathCoefficients { self[tensor] = coefficients(rule.path) }
    if let tensor = operation.scoreCoefficients {
      var scores = coefficients(rule.score, isScore: true)
      if rule.leaveOneOut != 0 {
        let falls = parts(of: logWeights, samples).flatMap(leaveOneOut)
        for (index, fall) in falls.enumerated() {
          scores[index] += Double(rule.leaveOneOut * operation.scale) * fall
        }
      }
      self[tensor] = scores
    }
  }

  /// Values, so many at a time.
  private func parts(of values: [Double], _ count: Int) -> [ArraySlice<Double>] {
    stride(from: 0, to: values.count, by: count).map { values[$0..<$0 + count] }
  }
}
