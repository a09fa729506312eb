/// A reason for which training does not begin, or stopped early.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The bound ceased to be a number.
  case notANumber(step: Int, operation: String)
  /// Steps gave no number again and again, and no more may be left out.
  case tooManySkipped(step: Int, count: Int)
  /// A pass gave no number again and again, and the learning rate may be halved no more.
  case tooManyHalvings(step: Int)
  /// What the device holds, or computes, is not what it should be.
  case auditFailed(step: Int, agreed: Int?, what: String)
  /// The objective's gradient is wrong with the weight of log p(h) - log q(h|x).
  case wrongWeight(objective: String, obstacle: String)

  /// A schedule that goes by validation, and no images to validate on.
  case noValidation

  /// A model that cannot stand still while its posterior is trained.
  case cannotHold(obstacle: String)

  /// An estimator that learns from gradients that are not there.
  case cannotLearn(obstacle: String)

  /// Batches that cannot be divided into the leaves that were asked for, or leaves into ranks.
  case wrongLeaves(String)

  public var description: String {
    switch self {
    case .notANumber(let step, let operation):
      "The bound became NaN or infinite at step \(step); \(operation) was the first to produce it. "
        + "Try a lower learning rate, or '--on-nan lower-rate', which does."
    case .tooManySkipped(let step, let count):
      "By step \(step), \(count) steps that gave NaN or an infinity were left out: nothing is learnt that "
        + "way. Try a lower learning rate, or '--on-nan lower-rate', which does."
    case .tooManyHalvings(let step):
      "The bound became NaN or infinite at or before step \(step) again, after the learning rate was "
        + "halved \(NaNPolicy.mostHalvings) times. Choose one that is lower still, or look at data and "
        + "densities."
    case .auditFailed(let step, let agreed, let what):
      "The audit after step \(step) found a difference: \(what). The device, its memory or its driver may "
        + "be at fault: try 'iwae-gpu check'. "
        + (agreed.map { "All agreed after step \($0); what was saved since may be wrong." }
          ?? "Nothing agreed since the run was started or resumed; what was saved since may be wrong.")
    case .noValidation:
      "The learning rate is to be lowered when validation becomes no better, and there are no images to "
        + "validate on. Give some, or choose another schedule."
    case .cannotHold(let obstacle):
      "The encoder cannot be trained with the model held: \(obstacle)."
    case .cannotLearn(let obstacle): "The estimator auto cannot learn: \(obstacle)."
    case .wrongLeaves(let problem): problem
    case .wrongWeight(let objective, let obstacle):
      "'\(objective)' cannot be trained with a KL weight other than 1 for good: \(obstacle)."
    }
  }
}
