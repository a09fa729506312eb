import Compute

extension Likelihood {
  /// The most values of a count that a draw goes through.
  static let maximumCount = 1_000_000

  /// A draw of one variable: by the formula if there is one; for separate values, the first one at
  /// which the cumulative probability exceeds `uniform`. Nil if neither gives a value.
  ///
  /// - Parameters:
  ///   - heads: The heads' values, in their order; of classes, every logit.
  ///   - parameters: The parameters' values, in their order.
  ///   - uniform: A number in (0, 1).
  ///   - normal: A standard normal number.
  public func draw(
    heads: [Double], parameters: [Double] = [], uniform: Double, normal: Double
  ) -> Double? {
    guard let logDensity else { return Self.classDrawn(logits: heads, uniform: uniform) }
    let names = self.heads + self.parameters.map(\.name)
    precondition(names.count == heads.count + parameters.count, "expected values of \(names)")
    var values = Dictionary(uniqueKeysWithValues: zip(names, heads + parameters))
    if let draw {
      (values["u"], values["n"]) = (uniform, normal)
      return draw.evaluate(values)
    }
    return value(exceeding: uniform, logDensity, values.mapValues { [$0] })
  }

  /// True if data can be drawn.
  public var canDraw: Bool { draw != nil || support.values(atMost: 1) != nil }

  private func value(
    exceeding uniform: Double, _ logDensity: Formula, _ values: [String: [Double]]
  ) -> Double? {
    guard let all = support.values(atMost: Self.maximumCount) else { return nil }
    let steps = FormulaSteps([logDensity])
    var (values, cumulative, start, length) = (values, 0.0, 0, 64)
    while start < all.count {
      values["x"] = (start..<start + length).map(all.value)
      for (offset, logarithm) in steps.evaluate(count: length, values)[0].enumerated() {
        cumulative += IWAE.exponential(logarithm)
        if cumulative > uniform { return all.value(start + offset) }
      }
      start += length
      length = min(2 * length, all.count - start)
    }
    return nil
  }
}

extension Model {
  /// A draw of one value of an image.
  ///
  /// - Parameters:
  ///   - column: The value's place.
  ///   - heads: The likelihood's heads there.
  ///   - parameters: The model's.
  ///   - address: The image's noise.
  func draw(
    _ column: Int, heads: [Double], parameters: [Tensor: [Float]], _ address: NoiseAddress
  ) throws -> Float {
    let learned = likelihoodParameters.map { tensor in
      parameters[tensor].map { Double($0[$0.count == 1 ? 0 : column]) } ?? 0
    }
    let drawn = likelihood.draw(
      heads: heads, parameters: learned, uniform: Double(address.openUniform(column: column)),
      normal: Double(address.normal(column: column)))
    if drawn == nil, !likelihood.canDraw {
      throw DescriptionError.noDraw(likelihood: likelihood.name)
    }
    let value = Float(drawn ?? .nan)
    guard value.isFinite else {
      throw DrawError(
        image: Int(address.image), position: column, likelihood: likelihood,
        values: heads + learned)
    }
    return value
  }
}

/// A value that cannot be drawn, because it is too large or no number.
public struct DrawError: Error, Sendable, CustomStringConvertible {
  var image: Int
  var position: Int
  var likelihood: Likelihood
  /// Those of the likelihood's heads there, and of its parameters.
  var values: [Double]

  public var description: String {
    let names = likelihood.heads + likelihood.parameters.map(\.name)
    let found =
      likelihood.classes == nil
      ? zip(names, values).map { "\($0) = \($1)" }.joined(separator: ", ")
      : "logits from \(values.min() ?? .nan) to \(values.max() ?? .nan)"
    let reason =
      !values.allSatisfy(\.isFinite)
      ? "These must be finite: the model's parameters are too extreme for single precision."
      : likelihood.draw == nil
        ? "It is none of the first \(Likelihood.maximumCount), which are all that is tried: the model "
          + "expects too much here."
        : "It is not finite."
    return "Image \(image + 1), value \(position + 1) could not be drawn from the likelihood "
      + "'\(likelihood.name)' with \(found). \(reason)"
  }
}
