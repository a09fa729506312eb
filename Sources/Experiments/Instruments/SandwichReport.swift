import Foundation
import IWAE
import Report

/// The result of a `SandwichMeasurement`.
public struct SandwichReport: Encodable, Sendable {
  /// Annealed importance sampling with so many temperatures.
  public struct Annealed: Encodable, Sendable {
    public var temperatures: Int
    /// The error is over draws of the chains.
    public var lower: UncertainValue
    /// From exact samples of the posterior, where there are any. Each image has one, so that the error
    /// is over images: that of the distance to the best lower side.
    public var upper: UncertainValue?
    /// The share of transitions that were accepted; nil where there are none.
    public var acceptance: Double?

    init(temperatures: Int, _ images: [AnnealedImage]) {
      self.temperatures = temperatures
      var mean = BoundMean()
      for image in images { mean.add(image.forward.bound(image.forward.count)) }
      lower = .init(mean)
      let shares = images.compactMap(\.acceptance)
      acceptance = shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
    }

    public var acceptanceText: String {
      acceptance.map { String(format: "%.0f%%", 100 * $0) } ?? "-"
    }
  }

  /// The bounds on log p(x) of some images.
  public struct Side: Encodable, Sendable {
    public var importance: UncertainValue
    public var annealed: [Annealed] = []
    /// The last upper side less the best lower one.
    public var width: UncertainValue?
    /// The model's own density, where it is known.
    public var exact: Double?

    init(importance: UncertainValue) { self.importance = importance }

    /// The highest lower bound.
    public var best: UncertainValue {
      annealed.map(\.lower).reduce(importance) { $0.mean >= $1.mean ? $0 : $1 }
    }

    /// Takes what annealing says.
    ///
    /// - Parameters:
    ///   - walks: For each number of temperatures, the images.
    ///   - importance: The importance estimate of each image.
    mutating func add(_ walks: [(temperatures: Int, images: [AnnealedImage])], importance: [Double])
    {
      annealed = walks.map { Annealed(temperatures: $0.temperatures, $0.images) }
      let lowers = [importance] + walks.map { $0.images.map(\.lower) }
      let best = lowers.max { $0.reduce(0, +) < $1.reduce(0, +) } ?? importance
      for (index, walk) in walks.enumerated() {
        let widths = zip(walk.images, best).compactMap { image, lower in
          image.upper.map { $0 - lower }
        }
        if widths.isEmpty { return }
        let estimate = LogWeights.Estimate(widths)
        let error = estimate.squaredError?.squareRoot()
        width = .init(mean: estimate.mean, standardError: error)
        annealed[index].upper = .init(mean: self.best.mean + estimate.mean, standardError: error)
      }
    }
  }

  /// The distance of the evidence lower bound to log p(x), averaged over the test images.
  public struct Gap: Encodable, Sendable {
    public var bound: UncertainValue
    /// With the best member of the posterior's family for each image.
    public var fittedBound: UncertainValue
    public var logLikelihood: UncertainValue
    /// The part that the encoder loses by serving all images.
    public var amortization: UncertainValue
    /// The part of the posterior's family; with several layers, of the upper encoders as well.
    public var family: UncertainValue
    /// The gain of the fit's second half.
    public var lateGain: UncertainValue
    public var layers: Int
    /// The name of the lowest layer's posterior.
    public var posterior: String

    init(
      _ images: [FittedImage], layers: Int, posterior: String, logLikelihood: UncertainValue
    ) {
      func mean(_ value: (FittedImage) -> LogWeights.Estimate) -> UncertainValue {
        var result = BoundMean()
        for image in images { result.add(value(image)) }
        return .init(result)
      }
      (bound, fittedBound) = (mean(\.bound), mean(\.fittedBound))
      (amortization, lateGain) = (mean(\.gain), mean(\.lateGain))
      (self.layers, self.posterior) = (layers, posterior)
      self.logLikelihood = logLikelihood
      let errors = [logLikelihood, fittedBound].map { $0.standardError ?? .nan }
      family = .init(
        mean: logLikelihood.mean - fittedBound.mean,
        standardError: (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot())
    }

    private var familyName: String {
      switch posterior.prefix(while: { $0 != ":" }) {
      case "gaussian": "Gaussians"
      case "full": "Gaussians of any covariance"
      case "flow": "Gaussians that the encoder's '\(posterior)' moves"
      default: "'\(posterior)'"
      }
    }

    /// - Parameter isExact: True if log p(x) is known, and not bounded from below.
    func text(isExact: Bool) -> [String] {
      func number(_ value: UncertainValue) -> String { value.text(decimals: 3) }
      var lines = [
        "The bound (ELBO) is \(number(bound)), "
          + String(format: "%.3f", logLikelihood.mean - bound.mean)
          + " below log p(x)\(isExact ? "" : " or more"): \(number(amortization)) by amortization, "
          + "\(number(family)) by the family of \(familyName)"
          + (layers > 1 ? " and the layers above." : ".")
      ]
      if lateGain.mean > max(0.01, 2 * (lateGain.standardError ?? 0)) {
        lines.append(
          "Note: the second half of the fit still gained \(number(lateGain)); with more steps of it, "
            + "amortization is more of the gap.")
      }
      if family.mean < 0 {
        lines.append(
          "Note: the fitted bound is above what log p(x) was bounded by; more samples or "
            + "temperatures would raise that.")
      }
      return lines
    }
  }

  public var test: Side
  public var simulated: Side
  public var gap: Gap?
  public var images: Int
  public var samples: Int
  public var chains: Int
  public var seconds = 0.0
  /// The file of its figure; nil where none was kept.
  public var figure: String?
  public var device: String

  init(
    test: Side, simulated: Side, images: Int, samples: Int, chains: Int, device: String
  ) {
    (self.test, self.simulated) = (test, simulated)
    (self.images, self.samples, self.chains) = (images, samples, chains)
    self.device = device
  }

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
    lines.append(
      "log p(x) in nats over \(counted(images, "image")) each, \(counted(samples, "sample")), "
        + "\(chains) chains; errors are over draws, from above over images. "
        + "\(readable(.seconds(seconds))) on \(device)."
        + (figure.map { " Figure: \($0)" } ?? ""))
    return lines.joined(separator: "\n")
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
        + "importance sampling; from above \(text(last?.upper)).",
      content: .lines(
        LinePlot(
          xLabel: "temperatures", yLabel: "log p(x), nats",
          curves: [
            curve("from above", \.upper), curve("from below", \.lower),
          ], levels: levels)))
  }
}
