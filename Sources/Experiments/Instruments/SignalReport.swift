import Files
import Foundation
import IWAE

/// The result of a `SignalMeasurement`.
public struct SignalReport: Encodable, Sendable {
  /// The signal of one estimator's gradient for so many samples.
  public struct Measurement: Encodable, Sendable {
    public var objective: String
    public var estimator: String
    public var groups: Int
    public var samples: Int
    public var encoder: Network
    public var decoder: Network
  }

  public struct Network: Encodable, Sendable {
    /// |E g| / sqrt(tr Cov g); nil where noise hides the signal.
    public var ratio: Double?
    /// The standard error of the ratio's logarithm; nil where the signal does not stand out.
    public var logStandardError: Double?
    /// The root mean square over parameters of |E g| / std g.
    public var perParameter: Double?

    init(_ signal: GradientSignal) {
      (ratio, perParameter) = (signal.ratio, signal.perParameter)
      logStandardError = signal.logError
    }
  }

  /// The growth of a ratio with a number of samples.
  public struct Slope: Encodable, Sendable {
    public var objective: String
    public var estimator: String
    public var network: String
    /// `samples` or `groups`.
    public var against: String
    /// Nil where noise hides it, or where there are fewer than three points.
    public var slope: Double?
    /// Half the width of the 95% confidence interval.
    public var margin: Double?
    /// The numbers of samples that it is of.
    public var points: Int
    /// The exponent as the number of samples grows without bound; nil where nobody derived it.
    public var theory: Double?

    public var text: String {
      guard let slope, let margin else { return points < 3 ? "too few counts" : "too noisy" }
      return String(format: "%+.2f ± %.2f", slope, margin)
    }

    var cell: ResultTable.Cell {
      guard let slope, let margin else { return .missing(text) }
      return .uncertain(slope, error: margin)
    }
  }

  public var measurements: [Measurement] = []
  public var slopes: [Slope] = []
  public var draws: Int
  public var images: Int
  public var seconds = 0.0
  /// The files of its figures; none where no folder was named.
  public var figures: [String] = []
  public var device: String
}

extension SignalMeasurement {
  /// A row for each estimator: the exponents.
  public func table(_ report: SignalReport) -> ResultTable {
    func slope(_ title: String, _ key: String) -> ResultTable.Column {
      .uncertain(title, key: key, decimals: 2, error: "\(key)_margin", isSigned: true)
    }
    func theory(_ key: String) -> ResultTable.Column {
      .number("theory", key: key, decimals: 1, isSigned: true)
    }
    var table = ResultTable(
      [
        .text("", key: "estimator"), slope("encoder by K", "encoder_by_samples"),
        theory("encoder_by_samples_theory"), slope("encoder by M", "encoder_by_groups"),
        theory("encoder_by_groups_theory"), slope("decoder by K", "decoder_by_samples"),
        slope("decoder by M", "decoder_by_groups"),
      ],
      remark:
        "The exponents by which |E g| / sqrt(tr Cov g) grows; errors are half the width of 95% "
        + "confidence intervals.")
    for estimator in estimators {
      func slope(_ network: String, _ count: GradientEstimator.Count) -> SignalReport.Slope? {
        report.slopes.first {
          $0.objective == estimator.objective.name && $0.against == count.rawValue
            && $0.estimator == estimator.estimator.rawValue && $0.network == network
        }
      }
      func cell(_ slope: SignalReport.Slope?) -> ResultTable.Cell { slope?.cell ?? .none }
      let encoder = [slope("encoder", .samples), slope("encoder", .groups)]
      table.append(
        [.text(estimator.name)]
          + encoder.flatMap { [cell($0), $0?.theory.map { .number($0) } ?? .missing("")] }
          + [cell(slope("decoder", .samples)), cell(slope("decoder", .groups))])
    }
    return table
  }

  /// The report for people.
  public func text(_ report: SignalReport) -> String {
    """
    The exponents by which |E g| / sqrt(tr Cov g) grows, with 95% confidence:

    \(table(report).text)

    Over the larger half of the counts; theory is of ever more samples, and says +0.5 of every \
    decoder. K runs through \(list(samples)) with M = \(groups[0]); \
    M runs through \(list(groups)) with K = \(middle).
    \(report.draws) draws, \(counted(report.images, "image")), \(readable(.seconds(report.seconds))) on \
    \(report.device). \(figuresText(report))
    """
  }

  private func figuresText(_ report: SignalReport) -> String {
    report.figures.isEmpty
      ? "No figures are drawn: '--out' names a folder for them."
      : "Figures: \(onOneLine(report.figures.joined(separator: ", ")))"
  }

  private func list(_ values: [Int]) -> String {
    values.map(String.init).joined(separator: ", ")
  }
}
