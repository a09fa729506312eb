import Compute

extension Draw: KernelFamily {
  static let counts = [
    KernelCount<Draw>("scopes") { $0.scopes },
    KernelCount("samples") { $0.groups * $0.samples / $0.scopes },
    KernelCount("draws") { $0.count },
  ]
  static let constants = [
    KernelConstants<Draw>("temperature") { $0.rule.decoder.temperature },
    column("decoder_rule") { $0.rule.decoder }, column("path_rule") { $0.rule.path },
    column("score_rule") { $0.rule.score },
  ]

  /// The fields of a column's rule, in the order in which they follow one another.
  static let columnFields = ["linear", "square"]

  private static func column(
    _ name: String, _ rule: @escaping @Sendable (Draw) -> CoefficientRule
  ) -> KernelConstants<Draw> {
    KernelConstants(name, count: columnFields.count) {
      [rule($0).linear * $0.scale, rule($0).square * $0.scale]
    }
  }
}
