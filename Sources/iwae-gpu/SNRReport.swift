import Foundation
import IWAE

/// What `--json` prints.
struct SignalReport: Encodable {
  /// The signal of one estimator's gradient for so many samples.
  struct Measurement: Encodable {
    var objective: String
    var estimator: String
    var groups: Int
    var samples: Int
    var encoder: Network
    var decoder: Network
  }

  struct Network: Encodable {
    /// |E g| / sqrt(tr Cov g); nil where noise hides the signal.
    var ratio: Double?
    /// The standard error of the ratio's logarithm; nil where the signal does not stand out.
    var logStandardError: Double?
    /// The root mean square over parameters of |E g| / std g.
    var perParameter: Double?

    init(_ signal: GradientSignal) {
      (ratio, perParameter) = (signal.ratio, signal.perParameter)
      logStandardError = signal.logError
    }
  }

  /// How a ratio grows with a number of samples.
  struct Slope: Encodable {
    var objective: String
    var estimator: String
    var network: String
    /// `samples` or `groups`.
    var against: String
    /// Nil where noise hides it, or where there are fewer than three points.
    var slope: Double?
    /// Half the width of the 95% confidence interval.
    var margin: Double?
    /// The numbers of samples that it is of.
    var points: Int
    /// The exponent as the number of samples grows without bound.
    var theory: Double

    var text: String {
      guard let slope, let margin else { return points < 3 ? "too few counts" : "too noisy" }
      return String(format: "%+.2f ± %.2f", slope, margin)
    }
  }

  var measurements: [Measurement] = []
  var slopes: [Slope] = []
  var draws: Int
  var images: Int
  var seconds = 0.0
  var figures: [String] = []
  var device: String
}

extension SignalMeasurement {
  func text(_ report: SignalReport) -> String {
    var table = TextTable([
      "", "encoder by K", "theory", "encoder by M", "theory", "decoder by K", "decoder by M",
    ])
    for estimator in estimators {
      func slope(_ network: String, _ count: GradientEstimator.Count) -> SignalReport.Slope? {
        report.slopes.first {
          $0.objective == estimator.objective.name && $0.against == count.rawValue
            && $0.estimator == estimator.estimator.rawValue && $0.network == network
        }
      }
      func cell(_ slope: SignalReport.Slope?) -> String { slope?.text ?? "-" }
      let encoder = [slope("encoder", .samples), slope("encoder", .groups)]
      table.append(
        [estimator.name]
          + encoder.flatMap { [cell($0), $0.map { String(format: "%+.1f", $0.theory) } ?? ""] }
          + [cell(slope("decoder", .samples)), cell(slope("decoder", .groups))])
    }
    return """
      The exponents by which |E g| / sqrt(tr Cov g) grows, with 95% confidence:

      \(table.text)

      Over the larger half of the counts; theory is of ever more samples, and says +0.5 of every \
      decoder. K runs through \(list(samples)) with M = \(groups[0]); \
      M runs through \(list(groups)) with K = \(middle).
      \(report.draws) draws, \(counted(report.images, "image")), \(readable(.seconds(report.seconds))) on \
      \(report.device). Figures: \(report.figures.joined(separator: ", "))
      """
  }

  private func list(_ values: [Int]) -> String {
    values.map(String.init).joined(separator: ", ")
  }
}
