import Compute

extension Objective {
  /// beta * ELBO + (1 - beta) * MIWAE.
  public static func cmiwae(beta: Double) -> Objective {
    let signal: EncoderSignal = beta > 0 ? .stays : .fadesWithSamples
    return Objective("cmiwae", from: .table(parameters: [beta]), encoderSignal: signal) { counts in
      let share = Float(beta) * counts.each
      let rest = Float(1 - beta) * counts.perGroup
      return Row(
        bound: BoundRule(.group, meanShare: Float(beta)),
        decoder: CoefficientRule(.group, constant: share, linear: rest),
        doubled: CoefficientRule(.group, constant: share, square: rest))
    }
  }
}
