import Compute
import Foundation
import IWAE

/// A judgement of a model that somebody else trained: its likelihood, and a number that is claimed of it.
public struct Referee: Sendable {
  public var subject: Subject
  /// Samples of each image for the last of the bounds.
  public var samples: Int
  /// The half of the width of the certificate's interval, in nats.
  public var width: Double
  /// The seconds that the certificate may take; nil for as many as it needs.
  public var budget: Double?
  public var claim: Claim?
  /// Nil where nothing is asked of the training.
  public var training: TrainingCheck?
  /// What was taken for granted, a sentence each.
  public var notes: [String] = []

  /// Of at least two samples, for one alone tells no error.
  public init(
    _ subject: Subject, samples: Int = 5000, width: Double = 0.1, budget: Double? = nil,
    claim: Claim? = nil, training: TrainingCheck? = nil
  ) {
    precondition(samples > 1)
    (self.subject, self.samples, self.width, self.budget) = (subject, samples, width, budget)
    (self.claim, self.training) = (claim, training)
  }

  /// Samples of each image for a first look at a mistake, and of a second draw of grey pixels.
  private static let fewSamples = 200
  /// The images of a batch, and their samples, at a time.
  private static let (batch, chunk) = (20, 250)
  /// The parts of few samples, whose spread tells that of reconstructions.
  private static let parts = 4

  /// Judges; nil if the monitor stopped it before the bounds were known. A report whose `isStopped` is true
  /// lacks what came after.
  public func run(
    on device: any Device, monitor: @escaping WordMonitor = { _ in true }
  ) throws -> RefereeReport? {
    let start = ContinuousClock.now
    // Minutes later would be too late.
    try training?.checkImages()
    guard let (figures, evaluation) = try evaluate(subject, samples, "evaluating", device, monitor)
    else { return nil }
    guard evaluation.imageLogLikelihoods.allSatisfy(\.isFinite) else {
      throw NotFiniteError(of: "log-weight")
    }
    var report = RefereeReport(self, figures, evaluation, device: device)
    func finished(_ isStopped: Bool) -> RefereeReport {
      report.isStopped = isStopped
      report.seconds = (ContinuousClock.now - start) / .seconds(1)
      return report
    }
    guard let variance = try redrawVariance(figures, device, monitor) else { return finished(true) }
    let certification = Certification(subject, width: width, budget: budget)
    guard let outcome = try certification.run(on: device, monitor: monitor) else {
      return finished(true)
    }
    report.certificate = outcome.certificate
    if outcome.isStopped { return finished(true) }
    if let claim {
      let evaluated = ReportingMistake.Evaluated(
        figures: figures, reconstruction: evaluation.reconstruction,
        reconstructionVariance: evaluation.reconstructionVariance, model: subject.model,
        redrawVariance: variance, images: subject.images.count, samples: samples)
      var judgement = ClaimReport(claim, evaluated, outcome.certificate)
      judgement.add(ReportingMistake.all, evaluated)
      if !judgement.isSupported {
        guard let found = try mistakes(judgement, evaluated, device, monitor) else {
          report.claim = judgement
          return finished(true)
        }
        judgement.matches += found
      }
      report.claim = judgement
    }
    if let training {
      guard let found = try training.run(subject, on: device, monitor) else {
        return finished(true)
      }
      report.training = found
    }
    return finished(false)
  }

  /// The figures of a subject's log-weights; nil if it was stopped.
  func evaluate(
    _ subject: Subject, _ samples: Int, _ what: String, _ device: any Device,
    _ monitor: WordMonitor
  ) throws -> (WeightFigures, Evaluation)? {
    let evaluator = try Evaluator(
      subject.model, parameters: subject.parameters, images: subject.images, device: device,
      samples: samples, binarization: subject.binarization, batchSize: Self.batch,
      chunk: min(Self.chunk, (samples + Self.parts - 1) / Self.parts), seed: subject.seed)
    var figures = WeightFigures(samples: samples)
    let start = ContinuousClock.now
    let count = subject.images.count
    let result = try evaluator.evaluate(
      progress: { done in
        let rate = Double(done) / ((ContinuousClock.now - start) / .seconds(1))
        return monitor(
          RunProgress(
            stage: .evaluating(what, images: done, of: count), imagesPerSecond: rate,
            secondsLeft: Double(count - done) / rate
          ).text)
      }, observe: { figures.add($0) })
    return result.map { (figures, $0) }
  }

  /// The variance of one image's log-likelihood over draws of its grey pixels, 0 where nothing is drawn; nil
  /// if it was stopped.
  func redrawVariance(
    _ figures: WeightFigures, _ device: any Device, _ monitor: WordMonitor
  ) throws -> Double? {
    guard claim != nil, subject.model.likelihood.isBinarized, subject.binarization == .sample,
      !subject.images.isBinary, subject.images.count > 1
    else { return 0 }
    var other = subject
    other.seed &+= 1
    let few = min(samples, Self.fewSamples)
    let second = try evaluate(other, few, "drawing pixels again", device, monitor)
    guard let second else { return nil }
    let size = WeightFigures.sizes(few).last { $0 <= 50 } ?? 1
    guard let ones = figures.values[.bound(size)] ?? figures.values[.bound(samples)],
      let others = second.0.values[.bound(size)]
    else { return 0 }
    let differences = zip(ones, others).map(-)
    let mean = differences.reduce(0, +) / Double(differences.count)
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    // Two draws, each of which varies so.
    return squares / Double(differences.count - 1) / 2
  }

  /// The mistakes of evaluation that give a claim; nil if it was stopped.
  func mistakes(
    _ judgement: ClaimReport, _ evaluated: ReportingMistake.Evaluated, _ device: any Device,
    _ monitor: @escaping WordMonitor
  ) throws -> [ClaimReport.Match]? {
    var result: [ClaimReport.Match] = []
    let few = min(samples, Self.fewSamples)
    for mistake in EvaluationMistake.all {
      guard let changed = try mistake.change(subject) else { continue }
      var counts = [few]
      while let count = counts.popLast() {
        let what = "as if: \(mistake.name), \(count) samples"
        guard let (figures, _) = try evaluate(changed, count, what, device, monitor) else {
          return nil
        }
        for size in WeightFigures.sizes(count) {
          // Small bounds are known from few samples, of which all are no one's bound.
          guard count == few ? size < few || few == samples : size > few else { continue }
          guard let (value, sampling) = figures.mean(.bound(size)) else { continue }
          let figure = ReportingMistake.Figure(
            detail: "k = \(size)", number: -value,
            error: evaluated.distanceError(sampling, groups: count / size))
          if let match = judgement.match(mistake.name, mistake.explanation, figure) {
            result.append(match)
          }
        }
        if count < samples, reaches(judgement, figures, evaluated, few) { counts.append(samples) }
      }
    }
    return result
  }

  /// True if more samples may lead from a bound to a claim.
  private func reaches(
    _ judgement: ClaimReport, _ figures: WeightFigures, _ evaluated: ReportingMistake.Evaluated,
    _ few: Int
  ) -> Bool {
    guard let (value, sampling) = figures.mean(.bound(few)), value.isFinite,
      let low = evaluated.figures.mean(.bound(samples > 50 ? 50 : 1)),
      let high = evaluated.figures.mean(.bound(samples))
    else { return false }
    let rise = 5 + 5 * max(high.value - low.value, 0)
    let tolerance = judgement.claim.tolerance(evaluated.distanceError(sampling, groups: 1))
    return judgement.nll <= -value + tolerance && judgement.nll >= -value - rise
  }
}
