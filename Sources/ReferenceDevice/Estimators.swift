import Compute
import Foundation

/// The largest value that is a number; -infinity if there is none.
func largestNumber(_ values: ArraySlice<Double>) -> Double {
  values.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
}

/// log(mean(exp(values))), exact for values of any size; -infinity where all are.
func logMeanExp(_ values: ArraySlice<Double>) -> Double {
  let largest = largestNumber(values)
  if values.contains(where: \.isNaN) { return .nan }
  if largest == -.infinity { return largest }
  return largest + log(values.reduce(0) { $0 + exp($1 - largest) } / Double(values.count))
}

/// exp(values) / sum(exp(values)); zeros where all values are -infinity.
func softmax(_ values: ArraySlice<Double>) -> [Double] {
  let largest = largestNumber(values)
  if values.contains(where: \.isNaN) { return values.map { _ in .nan } }
  if largest == -.infinity { return values.map { _ in 0 } }
  let shares = values.map { exp($0 - largest) }
  let sum = shares.reduce(0, +)
  return shares.map { $0 / sum }
}

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

  func run(_ operation: AccumulateWeights) {
    let logWeights = self[operation.logWeights]
    let images = operation.maximum.shape.count
    let perImage = logWeights.count / images
    let temperature = Double(operation.temperature)
    let sign = temperature > 0 ? 1.0 : -1.0
    for image in 0..<images {
      let chunk = logWeights[image * perImage..<(image + 1) * perImage]
      let before = self[operation.maximum][image]
      let largest = largestNumber((chunk + [before]).map { sign * $0 }[...])
      let reference = largest == -.infinity ? 0 : sign * largest
      let decay = sign * before == -.infinity ? 0 : exp(temperature * (before - reference))
      let shares = chunk.map { exp(temperature * ($0 - reference)) }
      func add(_ sum: Double, to tensor: Tensor, decay: Double) {
        self[tensor][image] = decay * self[tensor][image] + sum
      }
      self[operation.maximum][image] = sign * largest
      add(shares.reduce(0, +), to: operation.sum, decay: decay)
      if let tensor = operation.squares {
        add(shares.reduce(0) { $0 + $1 * $1 }, to: tensor, decay: decay * decay)
      }
      if let tensor = operation.decay { self[tensor][image] = decay }
      if let tensor = operation.squaredDecay { self[tensor][image] = decay * decay }
      for column in operation.coefficients {
        for (offset, share) in shares.enumerated() {
          self[column.output][image * perImage + offset] =
            Double(column.factor) * (column.degree == 1 ? share : share * share)
        }
      }
    }
  }

  func run(_ operation: Normalize) {
    let sum = operation.sum.map { self[$0][0] } ?? 1
    let normaliser = sum == 0 ? 0 : 1 / (operation.degree == 1 ? sum : sum * sum)
    let factor = Double(operation.scale) * normaliser
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    // No signal is no signal, whatever was summed.
    if factor != 0 {
      for (index, value) in self[operation.input].enumerated() { output[index] += factor * value }
    }
    self[operation.output] = output
  }

  func run(_ operation: LogMean) {
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    for image in output.indices {
      let mean = self[operation.sum][image] / Double(operation.count)
      output[image] +=
        Double(operation.scale)
        * (self[operation.maximum][image] + log(mean) / Double(operation.temperature))
    }
    self[operation.output] = output
  }

  func run(_ operation: Sum) {
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    let perSum = operation.input.shape.count / output.count
    for (index, value) in self[operation.input].enumerated() {
      output[index / perSum] += Double(operation.scale) * value
    }
    self[operation.output] = output
  }
}
