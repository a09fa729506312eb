/// A reason for which training stopped early.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The bound ceased to be a number.
  case notANumber(step: Int, operation: String)

  public var description: String {
    switch self {
    case .notANumber(let step, let operation):
      "The bound became NaN or infinite at step \(step); \(operation) was the first to produce it. "
        + "Try a lower learning rate."
    }
  }
}
