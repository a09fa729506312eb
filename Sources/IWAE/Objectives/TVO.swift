import Compute

extension Objective {
  /// The thermodynamic variational objective of each group. Its gradient is that of covariances, which
  /// goes through no sample.
  public static func tvo(_ sum: RiemannSum) -> Objective {
    Objective(
      "tvo",
      from: .table(
        parameters: [Double(sum.intervals), Double(sum.first), sum.side == .left ? 0 : 1]),
      encoderSignal: .stays, hasEstimators: false, leastSamples: 2
    ) { counts in
      Row(
        bound: BoundRule(.group), decoder: counts.group, path: CoefficientRule(),
        score: -counts.group, riemann: sum, doubled: CoefficientRule())
    }
  }
}
