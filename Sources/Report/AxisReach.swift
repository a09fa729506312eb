/// Values that the axes of a plot show besides its own, so that plots side by side can be compared.
struct AxisReach {
  var x: [Double] = []
  var y: [Double] = []

  var isEmpty: Bool { x.isEmpty && y.isEmpty }
}

extension AxisReach {
  /// The values that several figures show between them: on both axes of lines, on the heights of
  /// bars. Empty where the figures are of other kinds, or their axes mean different things.
  static func shared(by figures: [Figure]) -> AxisReach {
    guard figures.count > 1 else { return AxisReach() }
    let reaches = figures.map(\.content.reach)
    guard let first = reaches.first??.axes, reaches.allSatisfy({ $0?.axes == first }) else {
      return AxisReach()
    }
    return AxisReach(
      x: reaches.flatMap { $0?.reach.x ?? [] }, y: reaches.flatMap { $0?.reach.y ?? [] })
  }
}

extension Figure.Content {
  /// The values that the axes show, and the axes' names and scales: where these are equal, the axes
  /// of two figures mean the same.
  fileprivate var reach: (axes: [String], reach: AxisReach)? {
    switch self {
    case .lines(let plot):
      (
        ["lines", plot.xLabel, "\(plot.xIsLogarithmic)", plot.yLabel, "\(plot.yIsLogarithmic)"],
        plot.reach
      )
    case .bars(let plot):
      // Heights of histograms with other bins say nothing of one another.
      (
        ["bars", plot.yLabel, "\(plot.yIsLogarithmic)"]
          + (plot.threshold.map { ["threshold", "\($0)"] } ?? plot.labels ?? []),
        plot.reach
      )
    case .scatter, .heat, .picture, .panels: nil
    }
  }
}
