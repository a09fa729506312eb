import Files
import Foundation
import IWAE
import Report

/// The report for people.
extension SandwichReport {
  /// A row for each bound on log p(x).
  public var table: ResultTable {
    var table = ResultTable(
      [
        .text("", key: "bound"),
        .uncertain("test images", key: "test", decimals: 3, unit: "nats"),
        .uncertain("simulated", key: "simulated", decimals: 3, unit: "nats"),
        .text("accepted", key: "accepted"),
      ], remark: "Errors are standard errors over draws, from above over images.")
    func append(
      _ name: String, _ test: UncertainValue?, _ simulated: UncertainValue, _ accepted: String?
    ) {
      table.append([
        .text(name), test?.cell ?? .missing(""), simulated.cell,
        accepted.map { .text($0) } ?? .missing(""),
      ])
    }
    append("importance sampling", test.importance, simulated.importance, nil)
    for (test, simulated) in zip(test.annealed, simulated.annealed) {
      append(
        "annealing, T = \(test.temperatures)", test.lower, simulated.lower,
        "\(test.acceptanceText), \(simulated.acceptanceText)")
    }
    for annealed in simulated.annealed {
      guard let upper = annealed.upper else { continue }
      append("from above, T = \(annealed.temperatures)", nil, upper, nil)
    }
    if let exact = test.exact, let other = simulated.exact {
      table.append([.text("exact"), .number(exact), .number(other), .missing("")])
    }
    return table
  }

  public var text: String {
    func number(_ value: UncertainValue) -> String { value.text(decimals: 3) }
    var lines = [table.text, ""]
    if let width = simulated.width {
      lines.append(
        "On images drawn from the model, both sides of log p(x) are \(number(width)) nats apart.")
    }
    lines += gap?.text(isExact: test.exact != nil) ?? []
    lines += [warning].compactMap(\.self)
    lines.append(
      "log p(x) in nats over \(counted(images, "image")) each, \(counted(samples, "sample")), "
        + "\(chains) chains; errors are over draws, from above over images. "
        + "\(readable(.seconds(seconds))) on \(device)."
        + (figure.map { " Figure: \(onOneLine($0))" } ?? ""))
    return lines.joined(separator: "\n")
  }

  /// What is wrong with the errors; nil if nothing is known to be.
  private var warning: String? {
    guard errorsAreLowerLimits else { return nil }
    func share(_ side: Side) -> String { String(format: "%.1f%%", 100 * side.untrustedImages) }
    return
      "Warning: the Pareto shape of weights is above \(BoundsReport.largestShape) for \(share(test)) "
      + "of the test images and \(share(simulated)) of the simulated: errors over draws are lower limits."
  }

  public func makeFigure() -> Figure {
    func curve(_ name: String, _ value: (Annealed) -> UncertainValue?) -> LinePlot.Curve {
      LinePlot.Curve(
        name,
        simulated.annealed.compactMap { annealed in
          value(annealed).map {
            .init(x: Double(annealed.temperatures), y: $0.mean, error: $0.standardError ?? 0)
          }
        })
    }
    var levels = [
      LinePlot.Level(
        name: "importance sampling", y: simulated.importance.mean,
        error: simulated.importance.standardError ?? 0)
    ]
    if let exact = simulated.exact { levels.append(.init(name: "exact", y: exact)) }
    func text(_ value: UncertainValue?) -> String { value?.text(decimals: 3) ?? "unknown" }
    let last = simulated.annealed.last
    return Figure(
      name: "sandwich", title: "log p(x) of \(images) simulated images, from both sides",
      summary: "From below \(text(last?.lower)) by annealing and \(text(simulated.importance)) by "
        + "importance sampling; from above \(text(last?.upper)).", remark: warning,
      content: .lines(
        LinePlot(
          xLabel: "temperatures", yLabel: "log p(x), nats",
          curves: [
            curve("from above", \.upper), curve("from below", \.lower),
          ], levels: levels)))
  }
}
