import IWAE
import Report

extension SignalMeasurement {
  /// A figure for each network and each number of samples that was raised.
  public func figures(_ report: SignalReport) -> [Figure] {
    GradientEstimator.Count.allCases.filter { count in
      report.slopes.contains { $0.against == count.rawValue }
    }.flatMap { count in
      [("encoder", \SignalReport.Measurement.encoder), ("decoder", \.decoder)].map {
        figure(report, $0, $1, by: count)
      }
    }
  }

  private func figure(
    _ report: SignalReport, _ network: String,
    _ path: KeyPath<SignalReport.Measurement, SignalReport.Network>,
    by count: GradientEstimator.Count
  ) -> Figure {
    let (letter, fixed) =
      count == .samples ? ("K", "M = \(groups[0])") : ("M", "K = \(middle)")
    // The estimators of an objective share its decoder's gradient.
    let shown = estimators.filter { network == "encoder" || $0.estimator == .standard }
    let curves = shown.map { estimator in
      let points = report.measurements.filter {
        $0.objective == estimator.objective.name && $0.estimator == estimator.estimator.rawValue
          && (count == .samples ? $0.groups == groups[0] : $0.samples == middle)
      }
      return LinePlot.Curve(
        estimator.name,
        points.sorted { ($0.groups, $0.samples) < ($1.groups, $1.samples) }.map { point in
          let signal = point[keyPath: path]
          let ratio = signal.logStandardError == nil ? .nan : signal.ratio ?? .nan
          return .init(
            x: Double(count == .samples ? point.samples : point.groups), y: ratio,
            error: ratio * (signal.logStandardError ?? .nan))
        }, dashed: estimator.estimator != .standard,
        color: Objective.names.firstIndex(of: estimator.objective.name))
    }
    return Figure(
      name: "snr-\(network)-by-\(count.rawValue)",
      title: "Signal to noise of the \(network)'s gradient, \(fixed)",
      summary: "Exponents over the larger half of \(letter): "
        + report.slopes.filter { slope in
          slope.network == network && slope.against == count.rawValue
            && (network == "encoder" || slope.estimator == "standard")
        }.map { slope in
          "\(slope.objective) \(slope.estimator) \(slope.text)"
        }.joined(separator: ", ") + ".",
      content: .lines(
        LinePlot(
          xLabel: letter, yLabel: "|E g| / sqrt(tr Cov g)", yIsLogarithmic: true, curves: curves,
          missing: "noise hides their signal")))
  }
}
