/// The position of a training run: all that resuming needs beside parameters and moments, because
/// noise and order are addressed.
public struct TrainingProgress: Hashable, Sendable, Codable {
  /// Updates made.
  public var step = 0
  /// The pass under way, and the batches of it that are done.
  public var pass = 0
  public var batch = 0
  /// The sum of the bounds of those batches, and their number.
  public var boundSum = 0.0
  public var boundCount = 0
  /// The sum of the bounds of later ones, which the device still adds to.
  public var openBound: Double?
  /// The best validation so far, and the passes since.
  public var bestValidation: Double?
  public var passesSinceBest = 0
  /// The step of the best validation; nil before there was one, or where nobody noted it.
  public var bestStep: Int?
  /// The steps that were left out, because they gave no number; nil for none.
  public var skippedSteps: [Int]?
  /// The times that the learning rate was halved, because steps gave no number; nil for none.
  public var rateHalvings: Int?
  /// The times that a schedule which goes by validation lowered the rate; nil for none.
  public var plateaus: Int?

  /// True if the parameters are the best so far.
  public var isBest: Bool { bestStep == step }

  public init() {}
}

/// The report of a finished pass.
public struct PassReport: Sendable {
  public var progress: TrainingProgress
  /// The mean of the steps' bounds.
  public var bound: Double
  public var learningRate: Double
  /// log p(x) on the validation images, where there are any.
  public var validation: Double?
  /// The two parts of the evidence lower bound on the validation images, whose difference it is.
  public var validationReconstruction: Double?
  public var validationDivergence: Double?
  /// True if the validation is the best so far.
  public var isBest: Bool
}
