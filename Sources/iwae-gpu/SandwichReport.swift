import Foundation
import IWAE
import Report

/// What `sandwich --json` prints.
struct SandwichReport: Encodable {
  /// A mean over images, and its standard error over draws of the samples or chains.
  struct Value: Encodable {
    var mean: Double
    var standardError: Double

    init(_ value: BoundMean, negated: Bool = false) {
      (mean, standardError) = (negated ? -value.mean : value.mean, value.standardError)
    }

    var text: String { String(format: "%.3f ± %.3f", mean, standardError) }
  }

  /// Annealed importance sampling with so many temperatures.
  struct Annealed: Encodable {
    var temperatures: Int
    var lower: Value
    /// From exact samples of the posterior, where there are any.
    var upper: Value?
    /// The share of transitions that were accepted.
    var acceptance: Double
  }

  /// What is known of log p(x) of some images.
  struct Side: Encodable {
    var importance: Value
    var annealed: [Annealed] = []
    /// The model's own density, where it is known.
    var exact: Double?

    init(importance: Value) { self.importance = importance }

    /// The highest lower bound.
    var best: Double { ([importance] + annealed.map(\.lower)).map(\.mean).max() ?? .nan }
  }

  /// What the evidence lower bound lacks to log p(x), averaged over the test images.
  struct Gap: Encodable {
    var bound: Double
    /// With the best Gaussian for each image.
    var fittedBound: Double
    var logLikelihood: Double
    /// What the encoder loses by serving all images.
    var amortization: Double
    /// What the family of Gaussians loses.
    var family: Double

    init(_ images: [FittedImage], logLikelihood: Double) {
      let count = Double(images.count)
      bound = images.reduce(0) { $0 + $1.bound } / count
      fittedBound = images.reduce(0) { $0 + $1.fittedBound } / count
      self.logLikelihood = logLikelihood
      amortization = fittedBound - bound
      family = logLikelihood - fittedBound
    }
  }

  var test: Side
  var simulated: Side
  var gap: Gap?
  var images: Int
  var samples: Int
  var chains: Int
  var seconds = 0.0
  var figure = ""
  var device: String

  init(
    test: Side, simulated: Side, images: Int, samples: Int, chains: Int, device: String
  ) {
    (self.test, self.simulated) = (test, simulated)
    (self.images, self.samples, self.chains) = (images, samples, chains)
    self.device = device
  }

  var text: String {
    var table = TextTable(["", "test images", "simulated", "accepted"])
    table.append(["importance sampling", test.importance.text, simulated.importance.text])
    for (test, simulated) in zip(test.annealed, simulated.annealed) {
      table.append([
        "annealing, T = \(test.temperatures)", test.lower.text, simulated.lower.text,
        "\(Int(100 * test.acceptance))%, \(Int(100 * simulated.acceptance))%",
      ])
    }
    for annealed in simulated.annealed {
      guard let upper = annealed.upper else { continue }
      table.append(["from above, T = \(annealed.temperatures)", "", upper.text])
    }
    if let exact = test.exact, let other = simulated.exact {
      table.append(
        ["exact", String(format: "%.3f", exact), String(format: "%.3f", other)])
    }
    var lines = [table.text, ""]
    if let upper = simulated.annealed.last?.upper {
      lines.append(
        "On images drawn from the model, log p(x) lies within "
          + String(format: "%.3f nats.", upper.mean - simulated.best))
    }
    if let gap {
      lines.append(
        String(
          format:
            "The bound (ELBO) is %.3f, %.3f below log p(x)%@: %.3f by amortization, %.3f by the "
            + "family of Gaussians.", gap.bound, gap.logLikelihood - gap.bound,
          test.exact == nil ? " or more" : "", gap.amortization, gap.family))
    }
    lines.append(
      "log p(x) in nats over \(images) images each, \(samples) samples, \(chains) chains; errors are "
        + "over draws. \(readable(.seconds(seconds))) on \(device). Figure: \(figure)")
    return lines.joined(separator: "\n")
  }

  func makeFigure() -> Figure {
    func curve(_ name: String, _ value: (Annealed) -> Value?) -> LinePlot.Curve {
      LinePlot.Curve(
        name,
        simulated.annealed.compactMap { annealed in
          value(annealed).map {
            .init(x: Double(annealed.temperatures), y: $0.mean, error: $0.standardError)
          }
        })
    }
    var levels = [
      LinePlot.Level(
        name: "importance sampling", y: simulated.importance.mean,
        error: simulated.importance.standardError)
    ]
    if let exact = simulated.exact { levels.append(.init(name: "exact", y: exact)) }
    let upper = simulated.annealed.last?.upper?.text ?? "unknown"
    return Figure(
      name: "sandwich", title: "log p(x) of \(images) simulated images, from both sides",
      summary: "From below \(simulated.annealed.last?.lower.text ?? "unknown") by annealing and "
        + "\(simulated.importance.text) by importance sampling; from above \(upper).",
      content: .lines(
        LinePlot(
          xLabel: "temperatures", yLabel: "log p(x), nats",
          curves: [
            curve("from above", \.upper), curve("from below", \.lower),
          ], levels: levels)))
  }
}
