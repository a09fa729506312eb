import Compute

extension Estimate: KernelFamily {
  static let counts = [
    KernelCount<Estimate>("groups") { $0.groups },
    KernelCount("samples") { $0.samples },
  ]
  static let constants = [
    bound("bound_rule") { $0.rule.bound }, bound("encoder_bound_rule") { $0.rule.encoderBound },
    column("decoder_rule") { $0.rule.decoder }, column("path_rule") { $0.rule.path },
    column("score_rule") { $0.rule.score },
    KernelConstants<Estimate>("leave_one_out") { $0.rule.leaveOneOut * $0.scale },
  ]

  /// The fields of a bound's rule, in the order in which they follow one another.
  static let boundFields = ["is_over_all", "temperature", "mean_share"]
  /// The fields of a column's.
  static let columnFields = ["is_over_all", "temperature", "constant", "linear", "square"]

  private static func bound(
    _ name: String, _ rule: @escaping @Sendable (Estimate) -> BoundRule
  ) -> KernelConstants<Estimate> {
    KernelConstants(name, count: boundFields.count) {
      let rule = rule($0)
      return [rule.scope == .all ? 1 : 0, rule.temperature, rule.meanShare]
    }
  }

  private static func column(
    _ name: String, _ rule: @escaping @Sendable (Estimate) -> CoefficientRule
  ) -> KernelConstants<Estimate> {
    KernelConstants(name, count: columnFields.count) {
      let rule = rule($0)
      return [rule.scope == .all ? 1 : 0, rule.temperature]
        + [rule.constant * $0.scale, rule.linear * $0.scale, rule.square * $0.scale]
    }
  }
}
