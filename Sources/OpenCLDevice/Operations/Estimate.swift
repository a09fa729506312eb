import Compute
import Foundation

extension Estimate: KernelFamily {
  static let counts = [
    KernelCount<Estimate>("groups") { $0.groups },
    KernelCount("samples") { $0.samples },
    KernelCount("intervals") { $0.rule.riemann?.intervals ?? 0 },
    KernelCount("is_right") { $0.rule.riemann?.side == .right ? 1 : 0 },
  ]
  static let constants = [
    bound("bound_rule") { $0.rule.bound }, bound("encoder_bound_rule") { $0.rule.encoderBound },
    KernelConstants(column: "decoder_rule") { ($0.rule.decoder, $0.scale) },
    KernelConstants(column: "path_rule") { ($0.rule.path, $0.scale) },
    KernelConstants(column: "score_rule") { ($0.rule.score, $0.scale) },
    KernelConstants("leave_one_out") { $0.rule.leaveOneOut * $0.scale },
    KernelConstants("log_step") { Float($0.rule.riemann?.logStep ?? 0) },
    KernelConstants("growth") { Float($0.rule.riemann.map { expm1(-$0.logStep) } ?? 0) },
  ]

  /// The fields of a bound's rule, in the order in which they follow one another.
  static let boundFields = ["is_over_all", "temperature", "mean_share"]

  private static func bound(
    _ name: String, _ rule: @escaping @Sendable (Estimate) -> BoundRule
  ) -> KernelConstants<Estimate> {
    KernelConstants(name, count: boundFields.count) {
      let rule = rule($0)
      return [rule.scope == .all ? 1 : 0, rule.temperature, rule.meanShare]
    }
  }
}

extension CoefficientRule {
  /// The fields of a column's rule, in the order in which they follow one another.
  static let fields = ["is_over_all", "temperature", "constant", "linear", "square"]
}

extension KernelConstants {
  /// A column's rule, whose coefficients are multiplied by a scale.
  init(
    column name: String,
    _ column: @escaping @Sendable (Operation) -> (rule: CoefficientRule, scale: Float)
  ) {
    self.init(name, count: CoefficientRule.fields.count) {
      let (rule, scale) = column($0)
      return [rule.scope == .all ? 1 : 0, rule.temperature]
        + [rule.constant, rule.linear, rule.square].map { $0 * scale }
    }
  }
}
