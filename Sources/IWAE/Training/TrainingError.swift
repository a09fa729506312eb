/// A reason for which training does not begin, or stopped early.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The bound ceased to be a number.
  case notANumber(step: Int, operation: String)
  /// The objective's gradient is wrong with the weight of log p(h) - log q(h|x).
  case wrongWeight(objective: String, obstacle: String)

  public var description: String {
    switch self {
    case .notANumber(let step, let operation):
      "The bound became NaN or infinite at step \(step); \(operation) was the first to produce it. "
        + "Try a lower learning rate."
    case .wrongWeight(let objective, let obstacle):
      "'\(objective)' cannot be trained with a KL weight other than 1 for good: \(obstacle)."
    }
  }
}
