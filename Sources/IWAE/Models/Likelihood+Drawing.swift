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
