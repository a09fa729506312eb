import Compute

extension Objective {
  /// beta * ELBO + (1 - beta) * IWAE.
  public static func ciwae(beta: Double) -> Objective {
    Objective(
      "ciwae", from: .table(parameters: [beta]), encoderSignal: beta > 0 ? .stays : .fades
    ) { counts in
      let (share, rest) = (Float(beta) * counts.each, Float(1 - beta))
      return Row(
        bound: BoundRule(meanShare: Float(beta)),
        decoder: CoefficientRule(constant: share, linear: rest),
        doubled: CoefficientRule(constant: share, square: rest))
    }
  }
}
