/// A reason for which training does not begin, or stopped early.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The bound ceased to be a number.
  case notANumber(step: Int, operation: String)
  /// Steps gave no number again and again, and no more may be left out.
  case tooManySkipped(step: Int)
  /// A pass gave no number again and again, and the learning rate may be halved no more.
  case tooManyHalvings(step: Int)
  /// What the device holds, or computes, is not what it should be.
  case auditFailed(step: Int, agreed: Int?, what: String)
  /// The objective's gradient is wrong with the weight of log p(h) - log q(h|x).
  case wrongWeight(objective: String, obstacle: String)

  public var description: String {
    switch self {
    case .notANumber(let step, let operation):
      "The bound became NaN or infinite at step \(step); \(operation) was the first to produce it. "
        + "Try a lower learning rate, or '--on-nan lower-rate', which does."
    case .tooManySkipped(let step):
      "The bound became NaN or infinite at step \(step) too, after \(NaNPolicy.mostSkipped) others were "
        + "left out. Try a lower learning rate, or '--on-nan lower-rate', which does."
    case .tooManyHalvings(let step):
      "The bound became NaN or infinite at or before step \(step) again, after the learning rate was "
        + "halved \(NaNPolicy.mostHalvings) times. Choose one that is lower still, or look at data and "
        + "densities."
    case .auditFailed(let step, let agreed, let what):
      "The audit after step \(step) found that the device is at fault, its memory or its driver: \(what). "
        + (agreed.map { "It agreed after step \($0); what was saved since may be wrong." }
          ?? "It never agreed; nothing that was saved can be trusted.")
    case .wrongWeight(let objective, let obstacle):
      "'\(objective)' cannot be trained with a KL weight other than 1 for good: \(obstacle)."
    }
  }
}
