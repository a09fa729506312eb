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
    /// The lower side, raised by half of each image's variance, which is what it lies below log p(x) where
    /// that is small; the error holds as much besides. Nil where chains do not tell it.
    public var estimate: UncertainValue?
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
      let found = images.map {
        CertifiedImage($0.forward, temperatures: temperatures, shape: nil)
      }
      estimate = found.meanErrorAndBias.map { mean, error, bias in
        .init(mean: mean, standardError: (error * error + bias * bias).squareRoot())
      }
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
    /// The share of images whose weights, of samples or of chains, have a Pareto shape above 0.7. Few
    /// chains tell none.
    public private(set) var untrustedImages = 0.0

    init(importance: UncertainValue) { self.importance = importance }

    /// The highest lower bound.
    public var best: UncertainValue {
      annealed.map(\.lower).reduce(importance) { $0.mean >= $1.mean ? $0 : $1 }
    }

    /// log p(x) as well as it is known: the density itself, else what the most temperatures estimate, else
    /// the highest lower bound. The highest of several would be above by chance.
    public var logLikelihood: UncertainValue {
      exact.map { .init(mean: $0, standardError: 0) } ?? annealed.last?.estimate ?? best
    }

    /// Takes what annealing says.
    ///
    /// - Parameters:
    ///   - walks: For each number of temperatures, the images.
    ///   - importance: The importance estimate of each image.
    ///   - shapes: The Pareto shape of its samples; nil where they do not tell it.
    mutating func add(
      _ walks: [(temperatures: Int, images: [AnnealedImage])], importance: [Double],
      shapes: [Double?]
    ) {
      annealed = walks.map { Annealed(temperatures: $0.temperatures, $0.images) }
      let untrusted = shapes.indices.count { image in
        let all = [shapes[image]] + walks.map { $0.images[image].forward.paretoShape }
        return all.contains { ($0 ?? 0) > BoundsReport.largestShape }
      }
      untrustedImages = Double(untrusted) / Double(max(shapes.count, 1))
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

    /// - Parameter isExact: True if log p(x) is known, and not estimated.
    func text(isExact: Bool) -> [String] {
      func number(_ value: UncertainValue) -> String { value.text(decimals: 3) }
      var lines = [
        "The bound (ELBO) is \(number(bound)), "
          + String(format: "%.3f", logLikelihood.mean - bound.mean)
          + " below log p(x)\(isExact ? "" : " as far as chains find it"): \(number(amortization)) by amortization, "
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
          "Note: the fitted bound is above what log p(x) was estimated to be; more samples or "
            + "temperatures would raise that.")
      }
      return lines
    }
  }

  public var test: Side
  public var simulated: Side
  public var gap: Gap?
  /// True if the weights of some images vary more than they show, so that standard errors are too small.
  public private(set) var errorsAreLowerLimits: Bool
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
    errorsAreLowerLimits = test.untrustedImages > 0 || simulated.untrustedImages > 0
  }
}
