/// One training run among others, in a folder of its own.
public struct Cell: Sendable {
  /// The name of its folder.
  public var name: String
  public var configuration: RunConfiguration

  public init(name: String, configuration: RunConfiguration) {
    (self.name, self.configuration) = (name, configuration)
  }
}

/// The result of a cell.
public struct CellResult: Codable, Sendable {
  public var seed: UInt64
  /// Its run folder.
  public var run: String
  public var trainSeconds: Double?
  /// The evaluation that `evaluate` makes too.
  public var evaluation: EvaluationReport?
  /// The evaluation with the samples of a bound, where one was asked for.
  public var bound: EvaluationReport?
  /// The reason for which there is no evaluation.
  public var failure: String?

  public init(
    seed: UInt64, run: String, trainSeconds: Double? = nil, evaluation: EvaluationReport? = nil,
    bound: EvaluationReport? = nil, failure: String? = nil
  ) {
    (self.seed, self.run, self.trainSeconds) = (seed, run, trainSeconds)
    (self.evaluation, self.bound, self.failure) = (evaluation, bound, failure)
  }
}
