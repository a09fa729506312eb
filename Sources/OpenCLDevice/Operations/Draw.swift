import Compute

extension Draw: KernelFamily {
  static let counts = [
    KernelCount<Draw>("scopes") { $0.scopes },
    KernelCount("samples") { $0.groups * $0.samples / $0.scopes },
    KernelCount("draws") { $0.count },
  ]
  static let constants = [
    KernelConstants<Draw>(column: "decoder_rule") { ($0.rule.decoder, $0.scale) },
    KernelConstants(column: "path_rule") { ($0.rule.path, $0.scale) },
    KernelConstants(column: "score_rule") { ($0.rule.score, $0.scale) },
  ]
}
