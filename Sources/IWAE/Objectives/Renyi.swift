import Compute

extension Objective {
  /// The variational Renyi bound of order alpha. That of order one is the evidence lower bound.
  public static func renyi(alpha: Double) -> Objective {
    if alpha == 1 { return .vae }
    let temperature = Float(1 - alpha)
    return Objective(
      "renyi", from: .table(parameters: [alpha]), encoderSignal: alpha != 0 ? .stays : .fades,
      problem: problem(alpha: alpha)
    ) { _ in
      Row(
        bound: BoundRule(temperature: temperature),
        decoder: CoefficientRule(temperature: temperature, linear: 1),
        doubled: CoefficientRule(
          temperature: temperature, linear: Float(alpha), square: temperature))
    }
  }

  private static func problem(alpha: Double) -> String? {
    guard abs(Float(1 - alpha)) < BoundRule.leastTemperature else { return nil }
    return
      "an alpha of \(alpha) is too close to 1 for single precision; use 1, which is the vae, or "
      + "stay \(BoundRule.leastTemperature) away from it."
  }
}
