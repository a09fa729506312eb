import Compute
import IWAE

/// A way to ascend something else than the objective that was meant, which has been published. Where
/// training with it has ended, the encoder's mean gradient is that of another objective.
struct TrainingMistake: Sendable {
  let name: String
  let explanation: String
  /// What is ascended, and whether groups and samples change places; nil where it is the objective itself.
  let mix: @Sendable (Objective, _ groups: Int, _ samples: Int) -> (GradientMix, isSwapped: Bool)?

  static let all = [
    TrainingMistake(
      name: "positive loss",
      explanation:
        "weights are a softmax of the loss, not of minus the loss: the worst sample counts most"
    ) { objective, groups, samples in
      let rule = objective.rule(groups: groups, samples: samples)
      guard samples * groups > 1, isWeighted(rule) else { return nil }
      return (GradientMix([changed(objective) { $0.temperature = -$0.temperature }]), false)
    },
    TrainingMistake(
      name: "wrong axis",
      explanation: "weights are normalised over groups, not over the samples of a group"
    ) { objective, groups, samples in
      let rule = objective.rule(groups: groups, samples: samples)
      // With as many groups as samples it is the same, and one of each has no weights.
      guard groups != samples, isWeighted(rule), groups == 1 || rule.path.scope == .group else {
        return nil
      }
      // As many groups as there were samples: weights that add up to as much are compared.
      let other = objective.rule(groups: samples, samples: groups)
      guard isWeighted(other) else { return nil }
      let sum = rule.path.linear * Float(rule.path.scope == .group ? groups : 1)
      let share = sum / (other.path.linear * Float(samples))
      let mistaken = changed(objective) {
        $0.scope = .group
        $0.linear *= share
      }
      return (GradientMix([mistaken]), true)
    },
    TrainingMistake(
      name: "second backward",
      explanation:
        "the decoder's backward pass left its gradient in the encoder, to which the encoder's "
        + "own was added"
    ) { objective, groups, samples in
      let rule = objective.rule(groups: groups, samples: samples)
      guard rule.path != rule.decoder, !rule.path.isZero, groups > 1 else { return nil }
      let decoders = Objective.custom(name: "the decoder's") { groups, samples in
        let rule = objective.rule(groups: groups, samples: samples)
        return EstimatorRule(
          bound: rule.bound, decoder: rule.decoder, path: rule.decoder, score: -rule.decoder)
      }
      return (
        GradientMix([GradientEstimator(objective), GradientEstimator(decoders)]), false
      )
    },
  ]

  private static func isWeighted(_ rule: EstimatorRule) -> Bool {
    !rule.needsEverySample && !rule.path.isZero && rule.path.linear != 0
  }

  /// The objective with other weights in all of its columns.
  private static func changed(
    _ objective: Objective, _ change: @escaping @Sendable (inout CoefficientRule) -> Void
  ) -> GradientEstimator {
    GradientEstimator(
      Objective.custom(name: "mistaken \(objective.name)") { groups, samples in
        var rule = objective.rule(groups: groups, samples: samples)
        change(&rule.decoder)
        change(&rule.path)
        change(&rule.score)
        return rule
      })
  }
}
