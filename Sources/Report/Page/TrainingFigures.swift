/// The curves of all runs' metrics.
enum TrainingFigures {
  /// Bound and validation, and the learning rate; none where no run has metrics.
  static func figures(_ runs: [ReportRun]) -> [Figure] {
    let isAlone = runs.count == 1
    let bounds = runs.enumerated().flatMap { index, run in
      [
        curve(run, isAlone ? "bound" : "\(run.name), bound", color: index) { $0.bound },
        curve(
          run, isAlone ? "validation" : "\(run.name), validation",
          color: isAlone ? index + 1 : index, dashed: true
        ) { $0.validation },
      ].filter { !$0.points.isEmpty }
    }
    let rates = runs.enumerated().map { index, run in
      curve(run, run.name, color: index) { $0.learningRate }
    }.filter { !$0.points.isEmpty }
    var figures: [Figure] = []
    if !bounds.isEmpty {
      figures.append(
        Figure(
          name: "training", title: "Bound and validation by pass", summary: summary(runs),
          content: plot("nats", bounds)))
    }
    if !rates.isEmpty {
      figures.append(
        Figure(
          name: "learning-rate", title: "Learning rate by pass", summary: summary(rates),
          content: plot("learning rate", rates)))
    }
    return figures
  }

  private static func curve(
    _ run: ReportRun, _ name: String, color: Int, dashed: Bool = false,
    _ value: (RunMetrics.Pass) -> Double?
  ) -> LinePlot.Curve {
    let points = run.metrics.passes.compactMap { pass in
      value(pass).map { LinePlot.Point(x: pass.pass, y: $0) }
    }
    return LinePlot.Curve(name, points, dashed: dashed, color: color)
  }

  private static func plot(_ yLabel: String, _ curves: [LinePlot.Curve]) -> Figure.Content {
    let passes = curves.flatMap(\.points).map(\.x).max() ?? 0
    // Most happens in the first passes of a long run.
    return .lines(
      LinePlot(xLabel: "pass", yLabel: yLabel, xIsLogarithmic: passes >= 50, curves: curves))
  }

  private static func summary(_ runs: [ReportRun]) -> String {
    runs.compactMap { run in
      let bounds = run.metrics.passes.filter { $0.bound != nil }
      guard let first = bounds.first?.bound, let last = bounds.last?.bound else { return nil }
      let validation = run.metrics.bestValidation.map {
        "; the best validation is \(Numbers.short($0.value)), in pass \(Numbers.short($0.pass))"
      }
      return
        "\(run.name): the bound goes from \(Numbers.short(first)) to \(Numbers.short(last)) in "
        + "\(bounds.count) passes\(validation ?? "")."
    }.joined(separator: " ")
  }

  private static func summary(_ rates: [LinePlot.Curve]) -> String {
    rates.compactMap { curve in
      guard let first = curve.points.first, let last = curve.points.last else { return nil }
      return "\(curve.name): from \(Numbers.short(first.y, digits: 3)) to "
        + "\(Numbers.short(last.y, digits: 3))."
    }.joined(separator: " ")
  }
}
