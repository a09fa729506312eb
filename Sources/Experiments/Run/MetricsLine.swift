import IWAE

/// One line of the metrics.
struct MetricsLine: Encodable {
  var step: Int
  var epoch: Int
  var bound: Double
  var learningRate: Double
  var validation: Double?
  /// The parts of the evidence lower bound on the validation images; nil where they are not finite.
  var validationReconstruction: Double?
  var validationDivergence: Double?
  var trainSeconds: Double
  /// The number of steps that were left out so far, and of times that the rate was halved; nil for none.
  var skipped: Int?
  var rateHalvings: Int?

  init(_ report: PassReport, trainSeconds: Double) {
    (step, epoch) = (report.progress.step, report.progress.pass)
    (skipped, rateHalvings) = (report.progress.skippedSteps?.count, report.progress.rateHalvings)
    (bound, learningRate, validation) = (report.bound, report.learningRate, report.validation)
    let parts = [report.validationReconstruction, report.validationDivergence].map { part in
      part.flatMap { $0.isFinite ? $0 : nil }
    }
    (validationReconstruction, validationDivergence) = (parts[0], parts[1])
    self.trainSeconds = trainSeconds
  }

  /// The curves for TensorBoard.
  var scalars: [(tag: String, value: Double)] {
    let known: [(tag: String, value: Double?)] = [
      ("bound", bound), ("learning_rate", learningRate), ("validation", validation),
      ("validation_reconstruction", validationReconstruction),
      ("validation_divergence", validationDivergence),
    ]
    return known.compactMap { tag, value in value.map { (tag, $0) } }
  }
}
