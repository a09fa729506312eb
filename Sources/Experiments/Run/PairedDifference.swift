import Files
import Foundation
import IWAE
import Report

/// By how much the NLL of one setting is above another's, image by image.
///
/// Images differ by far more than models do; of the same images only the differences count. The error is
/// over images, of the runs that were trained: other seeds may differ by more.
public struct PairedDifference: Codable, Hashable, Sendable {
  /// The name of the other.
  public var than: String
  /// In nats.
  public var difference: Double
  /// Its standard error over images; nil for one image.
  @Nullable public var standardError: Double?
  public var images: Int
  /// The runs of either that were tested alike.
  public var runs: Int

  /// The differences of some runs from others; nil where none were tested on the same images.
  init?(of runs: [TestedImages], than other: [TestedImages], named name: String) {
    var left = other
    var sums: [Double] = []
    var pairs = 0
    for run in runs {
      guard
        let match = left.firstIndex(where: {
          $0.key == run.key && $0.logLikelihoods.count == run.logLikelihoods.count
            && (sums.isEmpty || sums.count == $0.logLikelihoods.count)
        })
      else { continue }
      let differences = zip(left.remove(at: match).logLikelihoods, run.logLikelihoods).map(-)
      sums = sums.isEmpty ? differences : zip(sums, differences).map(+)
      pairs += 1
    }
    guard pairs > 0, !sums.isEmpty else { return nil }
    let estimate = LogWeights.Estimate(sums.map { $0 / Double(pairs) })
    guard estimate.mean.isFinite else { return nil }
    (than, difference, self.runs) = (name, estimate.mean, pairs)
    (standardError, images) = (estimate.squaredError?.squareRoot(), sums.count)
  }

  /// A column of a table for it.
  static let column = ResultTable.Column.uncertain(
    "above the best", key: "paired_difference", decimals: 3, unit: "nats", error: "paired_error")

  /// True if it is no more than twice its error.
  var isNone: Bool { standardError.map { abs(difference) <= 2 * $0 } ?? true }

  /// A sentence about a setting.
  func text(of name: String) -> String {
    let error = standardError.map { String(format: " ± %.3f", $0) } ?? ""
    return "\(name): NLL \(String(format: "%.3f", abs(difference)))\(error) nats "
      + "\(difference < 0 ? "below" : "above") \(than)'s, over the same \(counted(images, "image"))"
      + (runs > 1 ? " with each of \(runs) seeds" : "") + (isNone ? "; that says nothing" : "")
  }
}

extension Sequence<CellResult> {
  /// The images that runs were tested on, as far as their folders have them.
  var tested: [TestedImages] {
    filter { $0.evaluation != nil }.compactMap { RunFolder($0.run).tested() }
  }
}

extension RunFolder {
  /// log p(x) of each image of the evaluation, `(N)`.
  var imageLikelihoods: String { path + "/evaluation.npy" }

  /// Keeps an evaluation, and log p(x) of each image. That comes first: it counts only beside its own
  /// evaluation.
  func keep(_ report: EvaluationReport, _ images: [CertifiedImage]) throws {
    try ImageResults.write(images, to: imageLikelihoods, mode: permissions)
    try Files.write(try JSONText.data(report), to: evaluation, mode: permissions)
  }

  /// What the run's evaluation found of each image; nil where that is not kept, or of another evaluation.
  public func tested() -> TestedImages? {
    guard let configuration = try? RunConfiguration(file: self.configuration),
      let report = EvaluationReport(file: evaluation, of: configuration.model),
      let identity = configuration.identity,
      let values = ImageResults.logLikelihoods(imageLikelihoods, count: report.images)
    else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    guard abs(mean + report.nll) <= 1e-9 * max(1, abs(mean)) else { return nil }
    // Pixels that are drawn for a test are drawn by the run's seed.
    let isDrawn =
      configuration.model.likelihood.isBinarized && configuration.binarize.eachPass == .sample
    // Digests are of data that nothing was taken out of yet, which the training images say: other units have
    // another density. It is compared with no probability, nor with what labels make of it.
    let model = configuration.model
    let key = [
      identity.test.values, "\(configuration.binarize)", "\(report.images)", "\(report.samples)",
      isDrawn ? "\(configuration.seed)" : "",
      configuration.standardize ? identity.training.values : "",
      "\(model.likelihood.isOfProbabilities)",
      model.condition == nil ? "" : "given \(identity.test.labels ?? "")",
    ]
    return TestedImages(key: key.joined(separator: ", "), logLikelihoods: values)
  }
}
